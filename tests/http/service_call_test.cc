// What a service does to a call, and what a call does about it: tries, pauses, the breaker, the
// time that each phase may take.
#include <cstdlib>
#include <fstream>
#include <latch>

#include <doctest/doctest.h>
#include <sys/socket.h>

#include "http/client_curl.h"
#include "loopback_server.h"
#include "metrics/metrics.h"
#include "session_fixture.h"

using namespace m8;
using namespace m8::http;
using namespace m8::test;
using namespace std::chrono_literals;

namespace {

Session::Options quick_options(int retries) {
  Session::Options options;
  options.service.retries = retries;
  options.service.retry_backoff = 1ms;
  options.service.breaker.max_failures = 0;
  return options;
}

/// Answers with each of \p answers in turn, over any connections; then with the last one.
class Scripted {
 public:
  explicit Scripted(std::vector<std::string> answers)
      : answers_(std::move(answers)), server_([this](Peer& peer) { serve(peer); }) {}
  std::string url() const { return server_.url(); }
  std::string host() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  int asked() const { return asked_.load(); }
  int connections() const { return server_.connections(); }

 private:
  void serve(Peer& peer) {
    while (!peer.read_request().empty()) {
      const auto turn = static_cast<std::size_t>(asked_++);
      const std::string& answer = answers_[std::min(turn, answers_.size() - 1)];
      if (answer.empty()) return;
      peer.write(answer);
    }
  }
  const std::vector<std::string> answers_;
  std::atomic<int> asked_{0};
  LoopbackServer server_;
};

std::string answer(int status, const std::string& headers = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers + "Content-Length: 0\r\n\r\n";
}

/// When the kernel's keep-alive timer of a connection to \p port runs out, in hundredths of a
/// second: column tr of /proc/net/tcp is 2 while it is set (proc(5)).
std::optional<unsigned long> keepalive_timer(int port) {
  std::ifstream table("/proc/net/tcp");
  const std::string peer = fmt::format("0100007F:{:04X} 01 ", port);
  for (std::string line; std::getline(table, line);) {
    const auto at = line.find(peer);
    // Row: "sl: local remote state tx:rx tr:when"; the remote address is not at the line's start.
    if (at == std::string::npos || at < 15) continue;
    const auto timer = line.find(" 02:", at);
    if (timer != std::string::npos) return std::stoul(line.substr(timer + 4, 8), nullptr, 16);
  }
  return std::nullopt;
}

std::string code_of(const Result<Response>& response) {
  return response.ok() ? "ok" : to_string(response.error().code);
}

}  // namespace

TEST_CASE("http/service_call: what may pass is tried again, what is an answer is not") {
  struct Row {
    std::string name;
    std::vector<std::string> answers;
    std::string method;
    Request::Repeat repeat;
    int asked;
    int status;  ///< 0: an error
  };
  using Repeat = Request::Repeat;
  const Row rows[] = {
      {"503 once", {answer(503), answer(200)}, "GET", Repeat::kIfSafe, 2, 200},
      {"429 twice", {answer(429), answer(429), answer(200)}, "GET", Repeat::kIfSafe, 3, 200},
      {"502 for ever", {answer(502)}, "GET", Repeat::kIfSafe, 3, 502},
      {"504, then closed, then good",
       {answer(504, "Connection: close\r\n"), "", answer(200)},
       "GET",
       Repeat::kIfSafe,
       3,
       200},
      {"closed for ever", {""}, "GET", Repeat::kIfSafe, 3, 0},
      {"404", {answer(404), answer(200)}, "GET", Repeat::kIfSafe, 1, 404},
      {"500", {answer(500), answer(200)}, "GET", Repeat::kIfSafe, 1, 500},
      {"POST", {answer(503), answer(200)}, "POST", Repeat::kIfSafe, 1, 503},
      {"POST that was sent and lost", {"", answer(200)}, "POST", Repeat::kIfSafe, 1, 0},
      {"POST that may", {answer(503), answer(200)}, "POST", Repeat::kAlways, 2, 200},
      {"GET that may not", {answer(503), answer(200)}, "GET", Repeat::kNever, 1, 503},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    Scripted server(row.answers);
    SessionFixture fixture(quick_options(2));
    Request request = request_for(server.url());
    request.method = row.method;
    request.repeat = row.repeat;
    const auto response = fixture.session->call(request, {});
    CHECK(server.asked() == row.asked);
    CHECK((response.ok() ? response->status : 0) == row.status);
    CHECK(fixture.session->stats().retries == static_cast<std::uint64_t>(row.asked - 1));
  }
}

TEST_CASE("http/service_call: how long each answer took is a metric, by host and result") {
  using metrics::Registry, metrics::kServiceCalls;
  const auto count = [](const char* result) {
    const auto& calls = Registry::process().histogram(kServiceCalls, {"127.0.0.1", "http", result});
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i <= calls.bounds().size(); ++i) sum += calls.count_in(i);
    return sum;
  };
  const auto fine = count("2xx"), unwell = count("5xx"), refused = count("refused");
  std::string url;
  {
    Scripted server({answer(503), answer(200)});
    url = server.url();
    SessionFixture fixture(quick_options(1));
    CHECK(fixture.session->call(request_for(url), {}).ok());
  }
  SessionFixture fixture(quick_options(0));
  CHECK_FALSE(fixture.session->call(request_for(url), {}).ok());
  CHECK(count("2xx") == fine + 1);
  CHECK(count("5xx") == unwell + 1);
  CHECK(count("refused") == refused + 1);
}

TEST_CASE("http/service_call: nobody listens: also a POST is tried again, for it was not sent") {
  const DeadPort nobody;
  SessionFixture fixture(quick_options(2));
  Request request = request_for(nobody.url("/"));
  request.method = "POST";
  const auto response = fixture.session->call(request, {});
  CHECK(code_of(response) == to_string(ErrorCode::kRefused));
  CHECK(fixture.session->stats().retries == 2);
}

TEST_CASE("http/service_call: Retry-After is kept to, in seconds and as a date") {
  // The fake clock's day: 2023-11-14 22:13:20.
  for (const char* after : {"7", "Tue, 14 Nov 2023 22:13:27 GMT"}) {
    CAPTURE(after);
    Scripted server({answer(429, "Retry-After: " + std::string(after) + "\r\n"), answer(200)});
    FakeClock clock;
    SessionFixture fixture(quick_options(2), {}, clock);
    const SteadyTime begin = clock.now();
    const auto response = fixture.session->call(request_for(server.url()), {});
    REQUIRE(response.ok());
    CHECK(response->status == 200);
    CHECK(clock.now() - begin >= 7s);
    CHECK(clock.now() - begin < 8s);
  }
}

TEST_CASE("http/service_call: all calls to a service wait when it asked one to") {
  Scripted server({answer(503, "Retry-After: 5\r\n"), answer(200)});
  FakeClock clock;
  SessionFixture fixture(quick_options(0), {}, clock);
  CHECK(fixture.session->call(request_for(server.url()), {})->status == 503);
  const SteadyTime begin = clock.now();
  CHECK(fixture.session->call(request_for(server.url()), {})->status == 200);
  CHECK(clock.now() - begin >= 5s);
}

TEST_CASE("http/service_call: who asks for too long a pause is not asked again") {
  Scripted server({answer(429, "Retry-After: 3600\r\n"), answer(200)});
  FakeClock clock;
  SessionFixture fixture(quick_options(2), {}, clock);
  const SteadyTime begin = clock.now();
  CHECK(fixture.session->call(request_for(server.url()), {})->status == 429);
  CHECK(server.asked() == 1);
  CHECK(clock.now() == begin);
}

TEST_CASE("http/service_call: the circuit breaker opens, fails fast, and closes again") {
  Scripted server({"", "", answer(200)});
  FakeClock clock;
  Session::Options options = quick_options(0);
  options.service.breaker = {2, 30'000ms, 100};
  SessionFixture fixture(options, {}, clock);
  const Request request = request_for(server.url());
  for (int i = 0; i < 2; ++i)
    CHECK(code_of(fixture.session->call(request, {})) == to_string(ErrorCode::kNetwork));
  const auto refused = fixture.session->call(request, {});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message == "circuit breaker is open: " + server.host() + ", retry in 30 s");
  CHECK(server.asked() == 2);
  const auto hosts = fixture.session->service_hosts();
  REQUIRE(hosts.size() == 1);
  CHECK(hosts[0].host == server.host());
  CHECK(hosts[0].state == net::CircuitBreaker::State::kOpen);
  clock.advance(30s);
  CHECK(fixture.session->call(request, {}).ok());
  CHECK(fixture.session->service_hosts().empty());
  CHECK(fixture.session->stats().breaker_opens == 1);
  CHECK(fixture.session->stats().breaker_rejections == 1);
}

TEST_CASE("http/service_call: tries end when they open the breaker, with the real reason") {
  Scripted server({answer(503)});
  Session::Options options = quick_options(5);
  options.service.breaker.max_failures = 2;
  SessionFixture fixture(options);
  const auto response = fixture.session->call(request_for(server.url()), {});
  REQUIRE(response.ok());
  CHECK(response->status == 503);
  CHECK(server.asked() == 2);
}

TEST_CASE("http/service_call: a service that only asks for patience does not open the breaker") {
  Scripted server({answer(429)});
  Session::Options options = quick_options(0);
  options.service.breaker.max_failures = 1;
  SessionFixture fixture(options);
  for (int i = 0; i < 3; ++i)
    CHECK(fixture.session->call(request_for(server.url()), {})->status == 429);
}

TEST_CASE("http/service_call: each phase has a time of its own") {
  struct Row {
    std::string name;
    std::chrono::milliseconds ServiceOptions::*limit;
    bool tls;
    LoopbackServer::Script script;
    std::uint64_t SessionStats::Timeouts::*counter;
    std::string message;
  };
  const auto silent = [](Peer& peer) { peer.wait_for_end(); };
  const Row rows[] = {
      {"a TLS that never finishes", &ServiceOptions::tls_timeout, true, silent,
       &SessionStats::Timeouts::tls, "tls handshake: nothing within 150 ms"},
      {"no answer", &ServiceOptions::header_timeout, false, silent, &SessionStats::Timeouts::header,
       "answer: nothing within 150 ms"},
      {"half a head", &ServiceOptions::header_timeout, false,
       [](Peer& peer) {
         peer.read_request();
         peer.write("HTTP/1.1 200 OK\r\nA: ");
         peer.wait_for_end();
       },
       &SessionStats::Timeouts::header, "answer: nothing within 150 ms"},
      {"a head that drips", &ServiceOptions::header_timeout, false,
       [](Peer& peer) {
         peer.read_request();
         peer.drip("HTTP/1.1 200 OK\r\nA: b\r\nB");
         peer.wait_for_end();
       },
       &SessionStats::Timeouts::header, "answer: nothing within 150 ms"},
      {"a body that drips", &ServiceOptions::stall_timeout, false,
       [](Peer& peer) {
         peer.read_request();
         peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
         peer.drip("0123456789");
         peer.wait_for_end();
       },
       &SessionStats::Timeouts::body, "body: less than 64 bytes within 150 ms"},
      {"the whole", &ServiceOptions::timeout, false,
       [](Peer& peer) {
         peer.read_request();
         peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
         peer.wait_for_end();
       },
       &SessionStats::Timeouts::total, "out of time in \"body\""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    LoopbackServer server(row.script);
    Session::Options options = quick_options(0);
    options.service.*row.limit = 150ms;
    SessionFixture fixture(options);
    const std::string url = (row.tls ? "https" : "http") + server.url().substr(4);
    const auto response = fixture.session->call(request_for(url), {});
    REQUIRE_FALSE(response.ok());
    CHECK(code_of(response) == to_string(ErrorCode::kTimeout));
    CHECK(response.error().message == "service 127.0.0.1: " + row.message);
    CHECK(fixture.session->stats().timeouts.*row.counter == 1);
  }
}

TEST_CASE("http/service_call: tries make of one time-out in five none") {
  std::atomic<int> asked{0};
  LoopbackServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      if (asked++ % 5 == 4) return peer.wait_for_end();
      peer.answer("hello");
    }
  });
  for (const int retries : {0, 2}) {
    CAPTURE(retries);
    Session::Options options = quick_options(retries);
    options.service.header_timeout = 1s;
    SessionFixture fixture(options);
    int failed = 0;
    for (int i = 0; i < 10; ++i)
      failed += fixture.session->call(request_for(server.url()), {}).ok() ? 0 : 1;
    CHECK(failed == (retries == 0 ? 2 : 0));
  }
}

TEST_CASE("http/service_call: a port that never accepts is given up") {
  // A queue of one that is full: further SYNs are dropped.
  const auto any = net::SocketAddress::parse("127.0.0.1", 0);
  const auto listener = net::tcp_listen(*any, 0);
  REQUIRE(listener.ok());
  const auto at = net::local_address(listener->get());
  std::vector<Fd> queued;
  for (int i = 0; i < 4; ++i) queued.push_back(std::move(*net::tcp_connect(*at)));
  Session::Options options = quick_options(0);
  options.service.dial_timeout = 150ms;
  SessionFixture fixture(options);
  const auto response = fixture.session->call(request_for("http://" + at->to_string() + "/"), {});
  REQUIRE_FALSE(response.ok());
  CHECK(response.error().message == "service 127.0.0.1: dial: nothing within 150 ms");
  CHECK(fixture.session->stats().timeouts.dial == 1);
}

TEST_CASE("http/service_call: lies about the length, and answers without end") {
  struct Row {
    std::string name, begin, then;  ///< \p then is repeated until the client has gone
    std::string code;
    std::size_t body;
    bool truncated;
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const Row rows[] = {
      {"shorter than it says", ok + "Content-Length: 100\r\n\r\nshort", "", "network", 0, false},
      {"longer than it says", ok + "Content-Length: 2\r\n\r\nlonger", "", "ok", 2, false},
      {"a gigabyte", ok + "Content-Length: 1073741824\r\n\r\n", std::string(65536, 'x'), "ok",
       100'000, true},
      {"a body without end", ok + "Transfer-Encoding: chunked\r\n\r\n", "4\r\nabcd\r\n", "ok",
       100'000, true},
      {"a broken chunk", ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "", "network", 0, false},
      {"a head without end", ok, "A: 0123456789012345678901234567890123456789\r\n", "protocol", 0,
       false},
      {"a negative length", ok + "Content-Length: -5\r\n\r\n", "", "protocol", 0, false},
      {"no http", "SSH-2.0-OpenSSH_9.2\r\n", "", "protocol", 0, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    LoopbackServer server([&](Peer& peer) {
      if (peer.read_request().empty() || !peer.write(row.begin)) return;
      while (!row.then.empty() && peer.write(row.then)) {
      }
    });
    SessionFixture fixture(quick_options(0));
    Request request = request_for(server.url());
    request.max_body = 100'000;
    const auto response = fixture.session->call(request, {});
    CHECK(code_of(response) == row.code);
    if (!response.ok()) continue;
    CHECK(response->body.size() == row.body);
    CHECK(response->body_truncated == row.truncated);
  }
}

TEST_CASE("http/service_call: of a host's connections no more than ten stay idle") {
  constexpr int kCalls = 30;
  std::latch all_there(kCalls);
  LoopbackServer server([&](Peer& peer) {
    if (peer.read_request().empty()) return;
    all_there.arrive_and_wait();
    peer.answer("hello");
    peer.wait_for_end();
  });
  SessionFixture fixture;
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kCalls; ++i)
      threads.emplace_back(
          [&] { good += fixture.session->call(request_for(server.url()), {}).ok(); });
  }
  CHECK(good == kCalls);
  CHECK(server.connections() == kCalls);
  CHECK(fixture.session->stats().open == 10);
}

TEST_CASE("http/service_call: of all connections no more than max_idle stay idle") {
  Session::Options options = quick_options(0);
  options.service.max_idle = 3;
  SessionFixture fixture(options);
  std::vector<std::unique_ptr<LoopbackServer>> servers;
  for (int i = 0; i < 6; ++i) {
    servers.push_back(std::make_unique<LoopbackServer>([](Peer& peer) {
      if (peer.read_request().empty()) return;
      peer.answer("hello");
      peer.wait_for_end();
    }));
    REQUIRE(fixture.session->call(request_for(servers.back()->url()), {}).ok());
  }
  CHECK(fixture.session->stats().open == 3);
}

TEST_CASE("http/service_call: TCP keep-alive probes go out after 30 s") {
  LoopbackServer server([](Peer& peer) {
    if (peer.read_request().empty()) return;
    peer.answer("hello");
    peer.wait_for_end();
  });
  for (const auto idle : {30s, 0s}) {
    CAPTURE(idle.count());
    Session::Options options = quick_options(0);
    options.service.tcp_keepalive = idle;
    SessionFixture fixture(options);
    REQUIRE(fixture.session->call(request_for(server.url()), {}).ok());
    const auto timer = keepalive_timer(server.port());
    CHECK(timer.has_value() == (idle > 0s));
    CHECK(timer.value_or(0) <= 3000);
  }
}

TEST_CASE("http/service_call: idle connections are closed after their time") {
  std::latch closed(1);
  LoopbackServer server([&](Peer& peer) {
    if (peer.read_request().empty()) return;
    peer.answer("hello");
    peer.wait_for_end();
    closed.count_down();
  });
  FakeClock clock;
  SessionFixture fixture(quick_options(0), {}, clock);
  REQUIRE(fixture.session->call(request_for(server.url()), {}).ok());
  CHECK(fixture.session->stats().open == 1);
  clock.advance(91s);
  closed.wait();
  CHECK(server.connections() == 1);
  REQUIRE(fixture.session->call(request_for(server.url()), {}).ok());
  CHECK(server.connections() == 2);
}

TEST_CASE("http/service_call: keep-alive and compression can be switched off") {
  Guarded<std::string> seen;
  LoopbackServer server([&](Peer& peer) {
    for (;;) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      *seen.lock() = request;
      peer.answer("hello");
    }
  });
  Session::Options options = quick_options(0);
  {
    SessionFixture fixture(options);
    for (int i = 0; i < 3; ++i) REQUIRE(fixture.session->call(request_for(server.url()), {}).ok());
    CHECK(server.connections() == 1);
    CHECK(seen.lock()->find("Accept-Encoding: ") != std::string::npos);
    CHECK(seen.lock()->find("gzip") != std::string::npos);
  }
  options.service.keep_alive = options.service.compression = false;
  SessionFixture fixture(options);
  for (int i = 0; i < 3; ++i) REQUIRE(fixture.session->call(request_for(server.url()), {}).ok());
  CHECK(server.connections() == 4);
  CHECK(seen.lock()->find("Accept-Encoding: ") == std::string::npos);
}

TEST_CASE("http/service_call: a large body waits for 100 Continue, but not for ever") {
  Guarded<std::string> seen;
  LoopbackServer server([&](Peer& peer) {
    *seen.lock() = peer.read_request();
    peer.answer("thanks");
  });
  Session::Options options = quick_options(0);
  options.service.expect_timeout = 50ms;
  SessionFixture fixture(options);
  Request request = request_for(server.url());
  request.method = "POST";
  request.body = std::string(2 << 20, 'x');
  REQUIRE(fixture.session->call(request, {}).ok());
  CHECK(seen.lock()->find("Expect: 100-continue\r\n") != std::string::npos);
  CHECK(seen.lock()->ends_with("xxxx"));
}

TEST_CASE("http/service_call: a stop ends every wait") {
  struct Row {
    std::string name;
    std::string answer;  ///< empty: none
  };
  for (const Row& row : {Row{"the answer", ""}, Row{"a pause", answer(503)},
                         Row{"a pause that it asked for", answer(503, "Retry-After: 50\r\n")},
                         Row{"a body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"}}) {
    CAPTURE(row.name);
    std::latch asked(1);
    LoopbackServer server([&](Peer& peer) {
      if (peer.read_request().empty()) return;
      if (!row.answer.empty()) peer.write(row.answer);
      asked.count_down();
      peer.wait_for_end();
    });
    Session::Options options = quick_options(3);
    options.service.retry_backoff = options.service.max_backoff = std::chrono::hours(1);
    SessionFixture fixture(options);
    std::stop_source source;
    std::jthread stopper([&] {
      asked.wait();
      source.request_stop();
    });
    const auto response = fixture.session->call(request_for(server.url()), source.get_token());
    CHECK(code_of(response) == to_string(ErrorCode::kCancelled));
  }
}

TEST_CASE("http/service_call: a stop ends the wait for a turn") {
  Scripted server({answer(200)});
  SessionFixture fixture(quick_options(0), {net::Rate{1.0 / 3600}, {}});
  REQUIRE(fixture.session->call(request_for(server.url()), {}).ok());
  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  CHECK(code_of(fixture.session->call(request_for(server.url()), source.get_token())) ==
        to_string(ErrorCode::kCancelled));
  CHECK(server.asked() == 1);
}

TEST_CASE("http/service_call: nginx with HTTP/2: verified, one connection, its streams shared") {
  const char* url = std::getenv("M8_TEST_NGINX_HTTPS");
  const char* certificate = std::getenv("M8_TEST_NGINX_CERTIFICATE");
  if (url == nullptr || certificate == nullptr) {
    MESSAGE("M8_TEST_NGINX_HTTPS is not set: not tested against nginx");
    return;
  }
  Session::Options options = quick_options(0);
  {
    SessionFixture untrusting(options);
    CHECK(code_of(untrusting.session->call(request_for(url), {})) == "protocol");
  }
  options.service.ca_file = certificate;
  SessionFixture fixture(options);
  const auto first = fixture.session->call(request_for(url), {});
  REQUIRE(first.ok());
  CHECK(first->version_major == 2);
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 20; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 10; ++k) good += fixture.session->call(request_for(url), {}).ok();
      });
    }
  }
  CHECK(good == 200);
  const SessionStats stats = fixture.session->stats();
  CHECK(stats.connections == 1);
  CHECK(stats.reused == 200);
}

// ---- proxies ----------------------------------------------------------------------------------

TEST_CASE("http/service_call: through an http proxy, with its login") {
  Guarded<std::string> seen;
  LoopbackServer proxy([&](Peer& peer) {
    *seen.lock() = peer.read_request();
    peer.answer("from the proxy");
  });
  Session::Options options = quick_options(0);
  const std::string at = "127.0.0.1:" + std::to_string(proxy.port());
  options.service.proxies = {"http://user:secret@" + at, "", "direct.test"};
  SessionFixture fixture(options);
  const auto response = fixture.session->call(request_for("http://far.test/x?y"), {});
  REQUIRE(response.ok());
  CHECK(response->body == "from the proxy");
  CHECK(seen.lock()->starts_with("GET http://far.test/x?y HTTP/1.1\r\n"));
  CHECK(seen.lock()->find("Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n") != std::string::npos);
  CHECK(fixture.session->stats().proxy_connects == 1);
}

TEST_CASE("http/service_call: a proxy that refuses, wants a password or dies is named") {
  struct Row {
    std::string name, url;
    LoopbackServer::Script script;
    std::string code;
  };
  const auto says = [](const char* text) {
    return [text](Peer& peer) {
      peer.read_request();
      peer.write(text);
    };
  };
  const char* login = "HTTP/1.1 407 Login\r\nContent-Length: 0\r\n\r\n";
  const Row rows[] = {
      {"wants a password", "http://far.test/", says(login), "denied"},
      {"wants a password for a tunnel", "https://far.test/", says(login), "denied"},
      {"forbids", "https://far.test/", says("HTTP/1.1 403 No\r\n\r\n"), "denied"},
      {"dies", "https://far.test/", [](Peer& peer) { peer.read_request(); }, "network"},
      {"dies at once", "http://far.test/", [](Peer& peer) { peer.reset(); }, "network"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    LoopbackServer proxy(row.script);
    Session::Options options = quick_options(0);
    const std::string at = "127.0.0.1:" + std::to_string(proxy.port());
    options.service.proxies = ProxyRules::all("http://user:secret@" + at);
    SessionFixture fixture(options);
    const auto response = fixture.session->call(request_for(row.url), {});
    REQUIRE_FALSE(response.ok());
    CHECK(code_of(response) == row.code);
    CAPTURE(response.error().message);
    CHECK(response.error().message.starts_with("service far.test: through proxy http://" + at));
    CHECK(response.error().message.find("secret") == std::string::npos);
  }
  std::string gone;
  { gone = Scripted({answer(200)}).host(); }
  Session::Options options = quick_options(0);
  options.service.proxies = ProxyRules::all("socks5://" + gone);
  SessionFixture fixture(options);
  const auto response = fixture.session->call(request_for("http://127.0.0.1:9/"), {});
  CHECK(code_of(response) == "refused");
  CHECK(response.error().message.find("socks5://" + gone) != std::string::npos);
  CHECK(fixture.session->stats().proxy_errors == 1);
}

TEST_CASE("http/service_call: a proxy that is none is told at once") {
  net::RateLimiter limiter({}, SystemClock::instance());
  ServiceOptions options;
  options.proxies = ProxyRules::all("gopher://x");
  const auto client = CurlClient::create(options, limiter, SystemClock::instance());
  REQUIRE_FALSE(client.ok());
  CHECK(client.error().code == ErrorCode::kInvalidArgument);
}
