// Target requests through proxies of every kind, the proxies' faults included.
#include <doctest/doctest.h>

#include "http/proxy_search.h"
#include "loopback_server.h"
#include "session_fixture.h"

using namespace m8;
using namespace m8::http;
using namespace m8::test;
using namespace std::chrono_literals;

namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

Session::Options through(const std::string& url) {
  Session::Options options = SessionFixture::default_options();
  auto proxy = Proxy::parse(url);
  REQUIRE(proxy.ok());
  proxy->addresses = {net::SocketAddress::parse("127.0.0.1", proxy->port).value()};
  options.target_proxy = std::move(proxy).value();
  return options;
}

std::string url_of(const std::string& scheme, const auto& server, const std::string& login = "") {
  return scheme + "://" + login + "127.0.0.1:" + std::to_string(server.port());
}

/// A SOCKS5 server for one client: no login, or user "u" with password "pw". What it was asked to
/// connect to ends up in \p asked; then it is the target's turn to speak.
bool serve_socks(Peer& peer, bool login, Guarded<std::string>& asked) {
  const std::string greeting = peer.read_bytes(2);
  if (greeting.size() < 2) return false;
  peer.read_bytes(static_cast<unsigned char>(greeting[1]));
  peer.write(bytes({5, login ? 2 : 0}));
  if (login) {
    const bool good = peer.read_bytes(6) == bytes({1, 1}) + "u" + bytes({2}) + "pw";
    peer.write(bytes({1, good ? 0 : 1}));
    if (!good) return false;
  }
  std::string request = peer.read_bytes(4);
  const bool by_name = request.size() == 4 && request[3] == 3;
  std::string host = by_name ? peer.read_bytes(1) : "";
  host = peer.read_bytes(by_name ? static_cast<unsigned char>(host[0]) : 4);
  peer.read_bytes(2);
  *asked.lock() = by_name ? host : "address";
  return peer.write(bytes({5, 0, 0, 1, 0, 0, 0, 0, 0, 0}));
}

std::string code_of(const Result<Exchange>& exchange) {
  return exchange.ok() ? "ok" : to_string(exchange.error().code);
}

}  // namespace

TEST_CASE("http/target_proxy: http in absolute-form, over one connection") {
  Guarded<std::string> seen;
  LoopbackServer proxy([&](Peer& peer) {
    for (;;) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      *seen.lock() = request;
      peer.answer("from far");
    }
  });
  SessionFixture fixture(through(url_of("http", proxy, "u:pw@")));
  for (int i = 0; i < 3; ++i) {
    const auto exchange = fixture.fetch(request_for("http://far.test/x?y"));
    REQUIRE(exchange.ok());
    CHECK(exchange->final().body == "from far");
    CHECK(exchange->sent.starts_with("GET /x?y HTTP/1.1\r\n"));
    CHECK(exchange->sent.find("Proxy-Authorization") == std::string::npos);
  }
  CHECK(*seen.lock() ==
        "GET http://far.test/x?y HTTP/1.1\r\nHost: far.test\r\nUser-Agent: t\r\n"
        "Proxy-Authorization: Basic dTpwdw==\r\n\r\n");
  CHECK(proxy.connections() == 1);
  CHECK(fixture.lookup.asked == 0);
  CHECK(fixture.session->stats().proxy_connects == 1);
}

TEST_CASE("http/target_proxy: https and unsafe requests through a tunnel") {
  const auto context = net::TlsContext::self_signed_server("far.test");
  REQUIRE(context.ok());
  Guarded<std::string> asked, seen;
  LoopbackServer proxy([&](Peer& peer) {
    const std::string connect = peer.read_request();
    if (connect.empty()) return;
    *asked.lock() = connect;
    peer.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (connect.starts_with("CONNECT far.test:443") && !peer.start_tls(*context)) return;
    *seen.lock() = peer.read_request();
    peer.answer("from far");
  });
  SessionFixture fixture(through(url_of("http", proxy)));
  const auto exchange = fixture.fetch(request_for("https://far.test/"));
  REQUIRE(exchange.ok());
  CHECK(exchange->final().body == "from far");
  CHECK(*asked.lock() == "CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\n\r\n");
  CHECK(seen.lock()->starts_with("GET / HTTP/1.1\r\n"));
  Request raw = request_for("http://far.test/");
  raw.wire = "GEX / HTTP/1.1\r\nHost: x\r\n\r\n";
  const auto unsafe = fixture.fetch(raw);
  REQUIRE(unsafe.ok());
  CHECK(asked.lock()->starts_with("CONNECT far.test:80 "));
  CHECK(*seen.lock() == raw.wire);
}

TEST_CASE("http/target_proxy: SOCKS5, the name looked up here or there, with and without login") {
  struct Row {
    std::string scheme, login, host, asked;
    int lookups;
    bool tls;
  };
  const auto context = net::TlsContext::self_signed_server("a.test");
  REQUIRE(context.ok());
  const Row rows[] = {
      {"socks5h", "", "far.test", "far.test", 0, false},
      {"socks5h", "u:pw@", "far.test", "far.test", 0, true},
      {"socks5", "", "a.test", "address", 1, true},
      {"socks5", "u:pw@", "127.0.0.1", "address", 0, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.scheme + row.login + row.host);
    Guarded<std::string> asked;
    LoopbackServer proxy([&](Peer& peer) {
      if (!serve_socks(peer, !row.login.empty(), asked)) return;
      if (row.tls && !peer.start_tls(*context)) return;
      while (!peer.read_request().empty()) peer.answer("through socks");
    });
    SessionFixture fixture(through(url_of(row.scheme, proxy, row.login)));
    const std::string url = (row.tls ? "https://" : "http://") + row.host + "/";
    for (int i = 0; i < 2; ++i) {
      const auto exchange = fixture.fetch(request_for(url));
      REQUIRE(exchange.ok());
      CHECK(exchange->final().body == "through socks");
    }
    CHECK(*asked.lock() == row.asked);
    CHECK(proxy.connections() == 1);
    CHECK(fixture.lookup.asked == row.lookups);
  }
}

TEST_CASE("http/target_proxy: a proxy behind TLS, and TLS through it") {
  const auto context = net::TlsContext::self_signed_server("localhost");
  REQUIRE(context.ok());
  LoopbackServer target([&](Peer& peer) {
    if (!peer.start_tls(*context)) return;
    while (!peer.read_request().empty()) peer.answer(std::string(200'000, 'x'));
  });
  LoopbackServer proxy([&](Peer& peer) {
    if (!peer.start_tls(*context)) return;
    const std::string request = peer.read_request();
    if (!request.starts_with("CONNECT ")) return peer.answer("from the proxy");
    peer.write("HTTP/1.1 200 OK\r\n\r\n");
    peer.relay_to(target.port());
  });
  SessionFixture fixture(through(url_of("https", proxy)));
  const auto plain = fixture.fetch(request_for("http://far.test/"));
  REQUIRE(plain.ok());
  CHECK(plain->final().body == "from the proxy");
  for (int i = 0; i < 2; ++i) {
    const auto tunnelled = fixture.fetch(request_for("https://far.test/"));
    REQUIRE(tunnelled.ok());
    CHECK(tunnelled->final().body.size() == 200'000);
  }
  CHECK(target.connections() == 1);
}

TEST_CASE("http/target_proxy: a proxy that refuses, wants a password, lies or dies is named") {
  struct Row {
    std::string name, scheme, url;
    LoopbackServer::Script script;
    std::string code, message;
  };
  const auto says = [](std::string text) {
    return [text](Peer& peer) {
      peer.read_bytes(3);
      peer.write(text);
      peer.wait_for_end();
    };
  };
  const std::string login = "HTTP/1.1 407 Login\r\nContent-Length: 0\r\n\r\n";
  const auto dies = [](Peer& peer) {
    peer.read_bytes(3);
    peer.reset();
  };
  const Row rows[] = {
      {"login", "http", "http://far.test/", says(login), "denied", "it wants another login (407)"},
      {"login of a tunnel", "http", "https://far.test/", says(login), "denied",
       "it wants another login (407)"},
      {"rule", "http", "https://far.test/", says("HTTP/1.1 403 No\r\n\r\n"), "denied",
       "it forbids this target"},
      {"garbage", "http", "https://far.test/", says("SSH-2.0\r\n\r\n"), "protocol", ""},
      {"dies", "http", "https://far.test/", dies, "network", ""},
      {"never answers", "http", "https://far.test/", says(""), "timeout", ""},
      {"SOCKS login", "socks5h", "http://far.test/", says(bytes({5, 255})), "denied",
       "it wants a login"},
      {"SOCKS refusal", "socks5h", "http://far.test/",
       says(bytes({5, 0}) + bytes({5, 5, 0, 1, 0, 0, 0, 0, 0, 0})), "refused",
       "the target refused the connection"},
      {"SOCKS garbage", "socks5h", "http://far.test/", says("HTTP/1.1 400 Bad\r\n\r\n"), "protocol",
       "it does not speak SOCKS5"},
      {"SOCKS dies", "socks5h", "http://far.test/", dies, "network", ""},
      {"SOCKS never answers", "socks5h", "http://far.test/", says(""), "timeout", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    LoopbackServer proxy(row.script);
    const std::string name = url_of(row.scheme, proxy);
    SessionFixture fixture(through(url_of(row.scheme, proxy)));
    Request request = request_for(row.url);
    if (row.code == "timeout") request.timeout = 200ms;
    const auto exchange = fixture.fetch(request);
    REQUIRE_FALSE(exchange.ok());
    CHECK(code_of(exchange) == row.code);
    CAPTURE(exchange.error().message);
    CHECK(exchange.error().message.starts_with("proxy " + name + ": " + row.message));
    CHECK(fixture.session->stats().proxy_errors == (row.code == "refused" ? 0 : 1));
  }
}

TEST_CASE("http/target_proxy: a proxy that is not there is no refusal of the target") {
  const DeadPort gone;
  const std::string url = url_of("socks5h", gone);
  SessionFixture fixture(through(url));
  const auto exchange = fixture.fetch(request_for("http://far.test/"));
  REQUIRE_FALSE(exchange.ok());
  CHECK(code_of(exchange) == "network");
  CHECK(exchange.error().message.starts_with("proxy " + url + ": connect to "));
  CHECK(fixture.session->stats().proxy_errors == 1);
}

TEST_CASE("http/target_proxy: the scope is asked about the target, not about the proxy") {
  LoopbackServer proxy([](Peer& peer) {
    while (!peer.read_request().empty()) peer.answer("far");
  });
  SessionFixture fixture(through(url_of("http", proxy)));
  REQUIRE(fixture.scope.include("inside.test").ok());
  CHECK(fixture.fetch(request_for("http://inside.test/")).ok());
  CHECK(code_of(fixture.fetch(request_for("http://outside.test/"))) == "denied");
  CHECK(proxy.connections() == 1);
}

TEST_CASE("http/target_proxy: of several the first that can be reached") {
  const DeadPort gone;
  const std::string dead = url_of("http", gone);
  LoopbackServer alive([](Peer& peer) { peer.wait_for_end(); });
  TableLookup lookup;
  lookup.table["proxy.test"] = {"127.0.0.1"};
  const auto parse = [](const std::string& url) { return Proxy::parse(url).value(); };
  const std::string named = "socks5://proxy.test:" + std::to_string(alive.port());
  const auto found = first_reachable({parse(dead), parse("http://no.test:1"), parse(named)}, lookup,
                                     SystemClock::instance(), 10s, {});
  REQUIRE(found.ok());
  CHECK(found->name() == named);
  REQUIRE(found->addresses.size() == 1);
  CHECK(found->addresses[0].port == alive.port());
  const auto none = first_reachable({parse(dead), parse("http://no.test:1")}, lookup,
                                    SystemClock::instance(), 10s, {});
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().code == ErrorCode::kNetwork);
  CHECK(none.error().message.find(dead) != std::string::npos);
  CHECK(none.error().message.find("no.test") != std::string::npos);
  std::stop_source source;
  source.request_stop();
  CHECK(first_reachable({parse(named)}, lookup, SystemClock::instance(), 10s, source.get_token())
            .error()
            .code == ErrorCode::kCancelled);
}

// ---- pacing -----------------------------------------------------------------------------------

TEST_CASE("http/target_pacing: 429 slows a host down, and Retry-After holds it") {
  LoopbackServer server([](Peer& peer) {
    while (!peer.read_request().empty())
      peer.write("HTTP/1.1 429 Slow\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n");
  });
  SessionFixture fixture;
  const auto exchange = fixture.fetch(request_for(server.url()));
  REQUIRE(exchange.ok());
  CHECK(exchange->final().status == 429);
  CHECK(fixture.session->stats().slowdowns == 1);
  const SteadyTime now = SystemClock::instance().now();
  CHECK(fixture.limiter.reserve("127.0.0.1") > now + 1s);
  const SteadyTime other = fixture.limiter.reserve("other.test");
  CHECK(other <= SystemClock::instance().now());
}

TEST_CASE("http/target_pacing: resets in a row slow a host down, one does not") {
  std::atomic<int> asked{0};
  LoopbackServer server([&](Peer& peer) {
    if (peer.read_request().empty()) return;
    if (++asked == 2) return peer.answer("hello");
    peer.reset();
  });
  SessionFixture fixture;
  for (int i = 0; i < 3; ++i) (void)fixture.fetch(request_for(server.url()));
  CHECK(fixture.session->stats().slowdowns == 0);
  (void)fixture.fetch(request_for(server.url()));
  CHECK(fixture.session->stats().slowdowns == 1);
}
