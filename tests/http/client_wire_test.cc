#include "http/client_wire.h"

#include <condition_variable>
#include <filesystem>
#include <future>
#include <latch>

#include <doctest/doctest.h>
#include <zlib.h>

#include "loopback_server.h"
#include "session_fixture.h"

using namespace m8;
using namespace m8::http;
using namespace m8::test;
using namespace std::chrono_literals;

namespace {

void serve_ok(Peer& peer) {
  while (!peer.read_request().empty()) peer.answer("hello");
}

std::string gzip_of(std::size_t zeros) {
  const std::string text(zeros, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(zeros)) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(zeros);
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::size_t entries_of(const char* directory) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory)) ++count;
  return count;
}

/// A port on which nothing listens.
std::uint16_t dead_port() {
  static std::vector<DeadPort> kept;
  return kept.emplace_back().port();
}

}  // namespace

TEST_CASE("http/client_wire: sends exactly what it is given and says who answered") {
  Guarded<std::string> seen;
  LoopbackServer server([&](Peer& peer) {
    *seen.lock() = peer.read_request();
    peer.write("HTTP/1.1 299\r\nX-a: 1\r\nx-A: 2\r\nContent-Length: 2\r\n\r\nok");
  });
  SessionFixture fixture;
  Request request = request_for(server.url("/a%2fb?c=d#e"));
  request.method = "FOO";
  request.headers = {{"hOST", "x"}, {"A", "1"}, {"A", "2"}, {"Content-Length", "3"}};
  request.body = "xyz";
  const auto exchange = fixture.fetch(request);
  REQUIRE(exchange.ok());
  const std::string bytes =
      "FOO /a%2fb?c=d HTTP/1.1\r\nhOST: x\r\nA: 1\r\nA: 2\r\nContent-Length: 3\r\n\r\nxyz";
  CHECK(exchange->sent == bytes);
  CHECK(*seen.lock() == bytes.substr(0, bytes.size()));
  const Response& response = exchange->final();
  CHECK(response.status == 299);
  CHECK(response.reason.empty());
  CHECK(response.headers.size() == 3);
  CHECK(response.headers[1].name == "x-A");
  CHECK(response.body == "ok");
  CHECK(response.ip.to_string() == "127.0.0.1");
  CHECK(response.url.to_string() == request.url.to_string());
  CHECK(response.duration.count() > 0);
}

TEST_CASE("http/client_wire: raw bytes go out verbatim") {
  Guarded<std::string> seen;
  LoopbackServer server([&](Peer& peer) {
    *seen.lock() = peer.read_request();
    peer.answer("x");
  });
  SessionFixture fixture;
  Request request = request_for(server.url());
  request.wire = "GET /%00 HTTP/9.9\r\nodd\r\n\r\n";
  REQUIRE(fixture.fetch(request).ok());
  CHECK(*seen.lock() == request.wire);
}

TEST_CASE("http/client_wire: one connection carries many requests") {
  LoopbackServer server(serve_ok);
  SessionFixture fixture;
  for (int i = 0; i < 200; ++i) {
    const auto exchange = fixture.fetch(request_for(server.url()));
    REQUIRE(exchange.ok());
    REQUIRE(exchange->final().body == "hello");
  }
  CHECK(server.connections() == 1);
  const SessionStats stats = fixture.session->stats();
  CHECK(stats.requests == 200);
  CHECK(stats.responses == 200);
  CHECK(stats.connections == 1);
  CHECK(stats.reused == 199);
}

TEST_CASE("http/client_wire: requests sent from callbacks keep their connections") {
  LoopbackServer server(serve_ok);
  auto options = SessionFixture::default_options();
  options.loops = 2;
  SessionFixture fixture(options);
  constexpr int kChains = 20, kLength = 100;
  std::latch finished(kChains);
  std::atomic<int> good{0};
  std::function<void(int)> step = [&](int left) {
    if (left == 0) return finished.count_down();
    fixture.session->send(request_for(server.url()), [&, left](Result<Exchange> exchange) {
      good += exchange.ok() && exchange->final().body == "hello";
      step(left - 1);
    });
  };
  for (int i = 0; i < kChains; ++i) step(kLength);
  finished.wait();
  CHECK(good == kChains * kLength);
  CHECK(server.connections() <= kChains);
}

/// Writes \p text until the other side has enough.
void flood(Peer& peer, const std::string& text) {
  while (peer.write(text)) {
  }
}

TEST_CASE("http/client_wire: peers that misbehave") {
  struct Row {
    const char* name;
    LoopbackServer::Script script;
    bool ok;
    ErrorCode code = ErrorCode::kInternal;
    std::string body = {};
  };
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: ";
  const Row rows[] = {
      {"resets at once", [](Peer& peer) { peer.reset(); }, false, ErrorCode::kNetwork},
      {"resets instead of answering",
       [](Peer& peer) {
         peer.read_request();
         peer.reset();
       },
       false, ErrorCode::kNetwork},
      {"closes instead of answering", [](Peer& peer) { peer.read_request(); }, false,
       ErrorCode::kNetwork},
      {"closes within the head",
       [](Peer& peer) {
         peer.read_request();
         peer.write("HTTP/1.1 200 OK\r\nA: ");
       },
       false, ErrorCode::kNetwork},
      {"sends garbage",
       [](Peer& peer) {
         peer.write(std::string_view("\x16\x03\x01\0\xff garbage\r\n\r\n", 17));
         peer.wait_for_end();
       },
       false, ErrorCode::kProtocol},
      {"never answers", [](Peer& peer) { peer.wait_for_end(); }, false, ErrorCode::kTimeout},
      {"stalls in the body",
       [&](Peer& peer) {
         peer.read_request();
         peer.write(head + "9\r\n\r\nabc");
         peer.wait_for_end();
       },
       false, ErrorCode::kTimeout},
      {"drips",
       [&](Peer& peer) {
         peer.read_request();
         peer.drip(head + "5\r\n\r\nabcde");
         peer.wait_for_end();
       },
       true,
       {},
       "abcde"},
      {"promises more than it sends",
       [&](Peer& peer) {
         peer.read_request();
         peer.write(head + "50\r\n\r\nabc");
       },
       true,
       {},
       "abc"},
      {"sends a head without end",
       [](Peer& peer) {
         peer.read_request();
         peer.write("HTTP/1.1 200 OK\r\n");
         const std::string line = "A: " + std::string(8000, 'x') + "\r\n";
         flood(peer, line);
       },
       false, ErrorCode::kProtocol},
      {"sends a body without end",
       [](Peer& peer) {
         peer.read_request();
         peer.write("HTTP/1.1 200 OK\r\n\r\n");
         flood(peer, std::string(8000, 'x'));
       },
       true,
       {},
       std::string(1000, 'x')},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(row.name));
    LoopbackServer server(row.script);
    SessionFixture fixture;
    Request request = request_for(server.url());
    request.timeout = row.code == ErrorCode::kTimeout ? 300ms : 60s;
    request.max_body = 1000;
    const auto exchange = fixture.fetch(request);
    REQUIRE(exchange.ok() == row.ok);
    if (row.ok) {
      CHECK(exchange->final().body == row.body);
    } else {
      CHECK(std::string(to_string(exchange.error().code)) == to_string(row.code));
      CHECK_FALSE(exchange.error().message.empty());
    }
  }
}

TEST_CASE("http/client_wire: what a callback takes is not taken from the next request's time") {
  LoopbackServer server([](Peer& peer) {
    while (!peer.read_request().empty()) peer.answer("x");
  });
  SessionFixture fixture;
  std::promise<std::string> code;
  fixture.session->send(request_for(server.url()), [&](Result<Exchange> first) {
    REQUIRE(first.ok());
    Request next = request_for(server.url());
    next.timeout = std::chrono::seconds(3);
    const SteadyTime begin = SystemClock::instance().now();
    while (SystemClock::instance().now() - begin < next.timeout) continue;
    fixture.session->send(next, [&](const Result<Exchange>& second) {
      code.set_value(second.ok() ? "" : second.error().message);
    });
  });
  CHECK(code.get_future().get() == "");
}

TEST_CASE("http/client_wire: what a callback takes is not taken from those that are under way") {
  std::promise<void> may_end;
  LoopbackServer server([&](Peer& peer) {
    for (std::string asked; !(asked = peer.read_request()).empty();) {
      if (asked.starts_with("GET /slow")) {
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na");
        may_end.get_future().wait();
        peer.write("b");
      } else {
        peer.answer("x");
      }
    }
  });
  SessionFixture fixture;
  std::promise<std::string> outcome;
  Request slow = request_for(server.url("/slow"));
  slow.timeout = std::chrono::seconds(3);
  fixture.session->send(slow, [&](const Result<Exchange>& answer) {
    outcome.set_value(answer.ok() ? answer->final().body : answer.error().message);
  });
  fixture.session->send(request_for(server.url()), [&](const Result<Exchange>&) {
    const SteadyTime begin = SystemClock::instance().now();
    while (SystemClock::instance().now() - begin < slow.timeout) continue;
    // Deadlines are looked at before this one is answered.
    fixture.session->send(request_for(server.url()),
                          [&](const Result<Exchange>&) { may_end.set_value(); });
  });
  CHECK(outcome.get_future().get() == "ab");
}

TEST_CASE("http/client_wire: a port on which nothing listens") {
  SessionFixture fixture;
  Request request = request_for("http://127.0.0.1:" + std::to_string(dead_port()) + "/");
  request.retries = 3;
  const auto exchange = fixture.fetch(request);
  REQUIRE_FALSE(exchange.ok());
  CHECK(exchange.error().code == ErrorCode::kRefused);
  CHECK(exchange.error().message.find("refused") != std::string::npos);
  CHECK(fixture.session->stats().connections == 1);
}

TEST_CASE("http/client_wire: a reset is tried again as often as the request says") {
  for (const int retries : {0, 1, 2}) {
    CAPTURE(retries);
    LoopbackServer server([](Peer& peer) {
      peer.read_request();
      if (peer.number() < 2) return peer.reset();
      peer.answer("at last");
    });
    SessionFixture fixture;
    Request request = request_for(server.url());
    request.retries = retries;
    const auto exchange = fixture.fetch(request);
    CHECK(exchange.ok() == (retries == 2));
    CHECK(server.connections() == retries + 1);
  }
}

TEST_CASE("http/client_wire: a pooled connection that has died costs no try") {
  LoopbackServer server([](Peer& peer) {
    peer.read_request();
    peer.answer("hello");
    peer.read_request();
    if (peer.number() == 0) return peer.reset();
    peer.answer("again");
  });
  SessionFixture fixture;
  REQUIRE(fixture.fetch(request_for(server.url())).ok());
  REQUIRE(fixture.fetch(request_for(server.url())).ok());
  CHECK(server.connections() == 2);
}

TEST_CASE("http/client_wire: connections that are not clean are not used again") {
  struct Row {
    const char* name;
    std::string answer;
    bool fresh = false;
  };
  for (const Row& row :
       {Row{"bytes after the answer", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxmore"},
        {"close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"},
        {"1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"},
        {"broken chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\nzz\r\n"},
        {"asked", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", true}}) {
    CAPTURE(std::string(row.name));
    LoopbackServer server([&](Peer& peer) {
      while (!peer.read_request().empty()) peer.write(row.answer);
    });
    SessionFixture fixture;
    for (int i = 0; i < 3; ++i) {
      Request request = request_for(server.url());
      request.fresh_connection = row.fresh;
      const auto exchange = fixture.fetch(request);
      REQUIRE(exchange.ok());
      CHECK(exchange->final().body == "x");
    }
    CHECK(server.connections() == 3);
  }
}

TEST_CASE("http/client_wire: bodies larger than any buffer, both ways") {
  const std::string large(5u << 20, 'b');
  LoopbackServer server([&](Peer& peer) {
    const std::string request = peer.read_request();
    peer.answer(request.ends_with(large) ? large : "short");
  });
  SessionFixture fixture;
  Request request = request_for(server.url());
  request.headers.push_back({"Content-Length", std::to_string(large.size())});
  request.body = large;
  const auto exchange = fixture.fetch(request);
  REQUIRE(exchange.ok());
  CHECK(exchange->final().body == large);
}

TEST_CASE("http/client_wire: a bomb costs no more than the cap") {
  LoopbackServer server([](Peer& peer) {
    peer.read_request();
    peer.answer(gzip_of(20u << 20), "Content-Encoding: gzip\r\n");
  });
  SessionFixture fixture;
  Request request = request_for(server.url());
  request.max_body = 1000;
  const auto exchange = fixture.fetch(request);
  REQUIRE(exchange.ok());
  CHECK(exchange->final().body == std::string(1000, '\0'));
  CHECK(exchange->final().body_truncated);
}

TEST_CASE("http/client_wire: the body cap is on what comes out of the decoder") {
  LoopbackServer server([](Peer& peer) {
    for (;;) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      if (request.starts_with("GET /plain")) {
        peer.answer("0123456789");
      } else {
        peer.answer(gzip_of(10), "Content-Encoding: gzip\r\n");
      }
    }
  });
  SessionFixture fixture;
  for (const std::string path : {"/plain", "/gzip"}) {
    CAPTURE(path);
    Request request = request_for(server.url(path));
    request.max_body = 4;
    const auto exchange = fixture.fetch(request);
    REQUIRE(exchange.ok());
    CHECK(exchange->final().body.size() == 4);
    CHECK(exchange->final().body_truncated);
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("http/client_wire: HEAD, and reading to the end") {
  LoopbackServer server([](Peer& peer) {
    for (;;) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      if (request.starts_with("HEAD")) {
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
      } else {
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nhello");
        if (request.starts_with("GET")) return;
        return peer.wait_for_end();
      }
    }
  });
  SessionFixture fixture;
  Request head = request_for(server.url());
  head.method = "HEAD";
  CHECK(fixture.fetch(head)->final().content_length == 99);
  Request all = request_for(server.url());
  all.read_to_end = true;
  CHECK(fixture.fetch(all)->final().body == "hello");
  // Until the deadline where the peer doesn't close.
  all.wire = "RAW / HTTP/1.1\r\n\r\n";
  all.timeout = 2s;
  const auto exchange = fixture.fetch(all);
  REQUIRE(exchange.ok());
  CHECK(exchange->final().body == "hello");
}

TEST_CASE("http/client_wire: names are looked up, addresses tried in turn") {
  LoopbackServer server(serve_ok);
  SessionFixture fixture;
  fixture.lookup.table["two.test"] = {"127.0.0.9", "127.0.0.1"};
  const std::string port = ":" + std::to_string(server.port()) + "/";
  const auto second = fixture.fetch(request_for("http://two.test" + port));
  REQUIRE(second.ok());
  CHECK(second->final().ip.to_string() == "127.0.0.1");
  const auto missing = fixture.fetch(request_for("http://none.test" + port));
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == ErrorCode::kNotFound);
  Request never = request_for("http://never.test" + port);
  never.timeout = 100ms;
  const auto slow = fixture.fetch(never);
  REQUIRE_FALSE(slow.ok());
  CHECK(slow.error().code == ErrorCode::kTimeout);
  Request elsewhere = request_for("http://none.test/x");
  elsewhere.connect_to = net::HostPort{"127.0.0.1", server.port()};
  CHECK(fixture.fetch(elsewhere).ok());
}

TEST_CASE("http/client_wire: the scope is asked for the URL, @Host, and each address") {
  LoopbackServer server(serve_ok);
  SessionFixture fixture;
  REQUIRE(fixture.scope.include("a.test").ok());
  REQUIRE(fixture.scope.exclude("127.0.0.7").ok());
  fixture.lookup.table["evil.a.test"] = {"127.0.0.7"};
  const std::string port = ":" + std::to_string(server.port()) + "/";
  CHECK(fixture.fetch(request_for("http://a.test" + port)).ok());
  Request elsewhere = request_for("http://a.test" + port);
  elsewhere.connect_to = net::HostPort{"b.test", server.port()};
  for (const Request& request :
       {request_for("http://b.test" + port), elsewhere, request_for("http://evil.a.test" + port)}) {
    const auto exchange = fixture.fetch(request);
    REQUIRE_FALSE(exchange.ok());
    CHECK(exchange.error().code == ErrorCode::kDenied);
  }
  CHECK(fixture.session->stats().refused_by_scope == 3);
  CHECK(server.connections() == 1);
}

TEST_CASE("http/client_wire: a name whose alias the scope excludes is not contacted") {
  LoopbackServer server(serve_ok);
  SessionFixture fixture;
  REQUIRE(fixture.scope.include("a.test").ok());
  REQUIRE(fixture.scope.exclude("cdn.test").ok());
  fixture.lookup.aliases["www.a.test"] = {"edge.other.test", "x.cdn.test"};
  fixture.lookup.aliases["shop.a.test"] = {"edge.other.test"};
  fixture.lookup.table["www.a.test"] = fixture.lookup.table["shop.a.test"] = {"127.0.0.1"};
  const std::string port = ":" + std::to_string(server.port()) + "/";
  CHECK(fixture.fetch(request_for("http://shop.a.test" + port)).ok());
  const auto refused = fixture.fetch(request_for("http://www.a.test" + port));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kDenied);
  CHECK(refused.error().message == "alias outside the scope: www.a.test leads to x.cdn.test");
  CHECK(server.connections() == 1);
}

TEST_CASE("http/client_wire: TLS with a certificate that nobody vouches for") {
  const auto context = net::TlsContext::self_signed_server("a.test");
  REQUIRE(context.ok());
  LoopbackServer server([&](Peer& peer) {
    if (peer.start_tls(*context)) serve_ok(peer);
  });
  SessionFixture fixture;
  for (int i = 0; i < 20; ++i) {
    const auto exchange =
        fixture.fetch(request_for("https://a.test:" + std::to_string(server.port()) + "/"));
    REQUIRE(exchange.ok());
    CHECK(exchange->final().body == "hello");
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("http/client_wire: TLS asked of a server that speaks none") {
  LoopbackServer server(serve_ok);
  LoopbackServer closing([](Peer&) {});
  SessionFixture fixture;
  for (const LoopbackServer* peer : {&server, &closing}) {
    Request request = request_for("https://127.0.0.1:" + std::to_string(peer->port()) + "/");
    request.timeout = 300ms;
    CHECK_FALSE(fixture.fetch(request).ok());
  }
}

TEST_CASE("http/client_wire: the rate limiter spaces requests out") {
  LoopbackServer server(serve_ok);
  net::RateLimiter::Options rate;
  rate.per_key = net::Rate{50};
  SessionFixture fixture(SessionFixture::default_options(), rate);
  const SteadyTime begin = SystemClock::instance().now();
  for (int i = 0; i < 10; ++i) REQUIRE(fixture.fetch(request_for(server.url())).ok());
  // Ten events at 50/s, of which at most five come from the burst.
  CHECK(SystemClock::instance().now() - begin >= 80ms);
}

TEST_CASE("http/client_wire: no more in flight than allowed, the rest queue") {
  std::atomic<int> inside{0}, most{0};
  LoopbackServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      const int now = ++inside;
      int before = most;
      while (now > before && !most.compare_exchange_weak(before, now)) {
      }
      std::this_thread::yield();
      --inside;
      peer.answer("x");
    }
  });
  auto options = SessionFixture::default_options();
  options.max_in_flight = 3;
  SessionFixture fixture(options);
  std::latch finished(50);
  std::atomic<int> good{0};
  for (int i = 0; i < 50; ++i) {
    fixture.session->send(request_for(server.url()), [&](Result<Exchange> exchange) {
      good += exchange.ok();
      finished.count_down();
    });
  }
  finished.wait();
  CHECK(good == 50);
  CHECK(most <= 3);
  CHECK(server.connections() <= 3);
}

TEST_CASE("http/client_wire: requests that wait for a connection get one of their own in time") {
  // Nobody is answered before all have asked: with few connections none ever would be.
  constexpr int kRequests = 12;
  std::latch all_asked(kRequests);
  LoopbackServer server([&](Peer& peer) {
    if (peer.read_request().empty()) return;
    all_asked.arrive_and_wait();
    peer.answer("x");
    peer.wait_for_end();
  });
  SessionFixture fixture;
  std::latch finished(kRequests);
  std::atomic<int> good{0};
  for (int i = 0; i < kRequests; ++i) {
    fixture.session->send(request_for(server.url()), [&](Result<Exchange> exchange) {
      good += exchange.ok();
      finished.count_down();
    });
  }
  finished.wait();
  CHECK(good == kRequests);
  CHECK(server.connections() == kRequests);
}

TEST_CASE("http/client_wire: who waits for a connection ends with the session and its deadline") {
  LoopbackServer server([](Peer& peer) { peer.wait_for_end(); });
  auto fixture = std::make_unique<SessionFixture>();
  std::latch finished(40);
  std::atomic<int> late{0}, cancelled{0};
  for (int i = 0; i < 40; ++i) {
    Request request = request_for(server.url());
    request.timeout = std::chrono::milliseconds(i < 20 ? 5 : 60'000);
    request.retries = 0;
    fixture->session->send(std::move(request), [&](Result<Exchange> exchange) {
      REQUIRE(!exchange.ok());
      late += exchange.error().code == ErrorCode::kTimeout;
      cancelled += exchange.error().code == ErrorCode::kCancelled;
      finished.count_down();
    });
  }
  while (late < 20) std::this_thread::yield();
  fixture->session.reset();
  finished.wait();
  CHECK(late == 20);
  CHECK(cancelled == 20);
}

TEST_CASE("http/client_wire: idle connections are bounded per host and in all") {
  LoopbackServer server([](Peer& peer) { serve_ok(peer); });
  auto options = SessionFixture::default_options();
  options.max_idle = 2;
  SessionFixture fixture(options);
  const std::string port = ":" + std::to_string(server.port()) + "/";
  for (const char* host : {"127.0.0.1", "a.test", "b.test"})
    REQUIRE(fixture.fetch(request_for("http://" + std::string(host) + port)).ok());
  // The first host's connection was the oldest of three.
  REQUIRE(fixture.fetch(request_for("http://b.test" + port)).ok());
  CHECK(server.connections() == 3);
  REQUIRE(fixture.fetch(request_for("http://127.0.0.1" + port)).ok());
  CHECK(server.connections() == 4);
}

TEST_CASE("http/client_wire: destruction cancels everything and leaves nothing behind") {
  LoopbackServer server([](Peer& peer) { peer.wait_for_end(); });
  const std::size_t threads = entries_of("/proc/self/task");
  const std::size_t files = entries_of("/proc/self/fd");
  std::atomic<int> cancelled{0}, called{0};
  TableLookup::Callback late;
  {
    auto options = SessionFixture::default_options();
    options.loops = 2;
    options.max_in_flight = 40;
    net::RateLimiter::Options rate;
    rate.per_key = net::Rate{20};
    SessionFixture fixture(options, rate);
    const std::string port = ":" + std::to_string(server.port()) + "/";
    for (int i = 0; i < 100; ++i) {
      const char* host = i % 3 == 0 ? "127.0.0.1" : i % 3 == 1 ? "a.test" : "never.test";
      fixture.session->send(
          request_for("http://" + std::string(host) + port), [&](Result<Exchange> exchange) {
            ++called;
            cancelled += !exchange.ok() && exchange.error().code == ErrorCode::kCancelled;
          });
    }
    const SteadyTime patience = SystemClock::instance().now() + 5s;
    while (SystemClock::instance().now() < patience && fixture.lookup.unanswered.lock()->empty())
      std::this_thread::yield();
    late = fixture.lookup.unanswered.lock()->front();
    fixture.session.reset();
    CHECK(called == 100);
    CHECK(cancelled == 100);
  }
  late(Error{ErrorCode::kTimeout, "an answer after the end"});
  CHECK(called == 100);
  CHECK(entries_of("/proc/self/task") <= threads + static_cast<std::size_t>(server.connections()));
  const SteadyTime patience = SystemClock::instance().now() + 5s;
  // The server's own ends of the connections stay until it goes; it may take some only now.
  const auto left = [&] {
    return entries_of("/proc/self/fd") - static_cast<std::size_t>(server.connections());
  };
  while (left() > files && SystemClock::instance().now() < patience) std::this_thread::yield();
  CHECK(left() <= files);
}

TEST_CASE("http/client_wire: fetch gives up when it is told to stop") {
  LoopbackServer server([](Peer& peer) { peer.wait_for_end(); });
  SessionFixture fixture;
  std::stop_source source;
  std::jthread stopper([&] {
    while (server.connections() == 0) std::this_thread::yield();
    source.request_stop();
  });
  const auto exchange = fixture.session->fetch(request_for(server.url()), source.get_token());
  REQUIRE_FALSE(exchange.ok());
  CHECK(exchange.error().code == ErrorCode::kCancelled);
}

TEST_CASE("http/client_wire: posted tasks run on the loop of their host") {
  LoopbackServer server(serve_ok);
  auto options = SessionFixture::default_options();
  options.loops = 4;
  SessionFixture fixture(options);
  std::thread::id of_callback, of_task;
  std::latch finished(2);
  fixture.session->send(request_for(server.url()), [&](Result<Exchange>) {
    of_callback = std::this_thread::get_id();
    finished.count_down();
  });
  const SteadyTime begin = SystemClock::instance().now();
  SteadyTime ran;
  fixture.session->post(
      "127.0.0.1",
      [&] {
        of_task = std::this_thread::get_id();
        ran = SystemClock::instance().now();
        finished.count_down();
      },
      20ms);
  finished.wait();
  CHECK(of_task == of_callback);
  CHECK(ran - begin >= 19ms);
}

TEST_CASE("http/client_wire: a session needs a sensible number of loops") {
  TableLookup lookup;
  net::Scope scope;
  net::RateLimiter limiter({}, SystemClock::instance());
  for (const int loops : {0, 17}) {
    Session::Options options;
    options.loops = loops;
    const auto made = Session::create(options, lookup, scope, limiter, SystemClock::instance());
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("http/client_wire: nginx, where there is one") {
  const char* address = std::getenv("M8_TEST_NGINX_HTTP");
  if (address == nullptr) {
    MESSAGE("M8_TEST_NGINX_HTTP is not set: not tested against nginx");
    return;
  }
  SessionFixture fixture;
  std::string url = address;
  if (!url.starts_with("http")) url = "http://" + url + "/";
  for (int i = 0; i < 50; ++i) {
    const auto exchange = fixture.fetch(request_for(url));
    REQUIRE(exchange.ok());
    CHECK(exchange->final().status > 0);
  }
  CHECK(fixture.session->stats().connections == 1);
}

TEST_CASE("http/client_wire: the audit has every attempt that put bytes on the wire") {
  struct Log final : model::Audit {
    void sent(const model::AuditRecord& record) override { records.lock()->push_back(record); }
    Guarded<std::vector<model::AuditRecord>> records;
  } log;
  LoopbackServer server([](Peer& peer) {
    const std::string request = peer.read_request();
    if (request.starts_with("GET /broken")) return;
    if (request.starts_with("GET /from"))
      peer.write("HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n");
    if (peer.read_request().starts_with("GET /to")) peer.answer("hello");
  });
  auto options = SessionFixture::default_options();
  options.audit = &log;
  SessionFixture fixture(options);
  Request request = request_for(server.url("/from"));
  request.redirects = Request::Redirects::kAll;
  request.origin = std::make_shared<const model::Origin>(model::Origin{"demo", "http://t"});
  REQUIRE(fixture.fetch(request).ok());
  Request broken = request_for(server.url("/broken"));
  broken.fresh_connection = true;
  CHECK_FALSE(fixture.fetch(broken).ok());
  CHECK_FALSE(fixture.fetch(request_for("http://127.0.0.1:" + std::to_string(dead_port()))).ok());
  const auto records = *log.records.lock();
  REQUIRE(records.size() == 3);
  CHECK(records[0].status == 302);
  CHECK(records[0].origin.template_id == "demo");
  CHECK(records[1].url == server.url("/to"));
  CHECK(records[1].status == 200);
  CHECK(records[1].bytes_in == 5);
  CHECK(records[1].origin.target == "http://t");
  CHECK(records[2].status == 0);
  CHECK_FALSE(records[2].error.empty());
  CHECK(records[2].address == "127.0.0.1:" + std::to_string(server.port()));
}
