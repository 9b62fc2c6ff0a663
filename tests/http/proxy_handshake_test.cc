#include "http/proxy_handshake.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::http;

namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

/// Feeds \p answers in turn, each byte by byte; what was sent before each in \p sent.
Status run(ProxyHandshake& handshake, const std::vector<std::string>& answers,
           std::vector<std::string>& sent) {
  for (const std::string& answer : answers) {
    sent.push_back(handshake.take_output());
    for (const char& byte : answer) M8_TRY(handshake.feed({&byte, 1}));
  }
  return {};
}

}  // namespace

TEST_CASE("http/proxy_handshake: SOCKS5 with a name, an address, a login") {
  struct Row {
    std::string name, url;
    ProxyGoal goal;
    std::vector<std::string> answers, sent;
  };
  const std::string through = bytes({5, 0, 0, 1, 0, 0, 0, 0, 0, 0});
  const Row rows[] = {
      {"name",
       "socks5h://p:1",
       {"a.test", std::nullopt, 443},
       {bytes({5, 0}), through},
       {bytes({5, 1, 0}), bytes({5, 1, 0, 3, 6}) + "a.test" + bytes({1, 187})}},
      {"address",
       "socks5://p:1",
       {"a.test", net::IpAddress::parse("192.0.2.1").value(), 80},
       {bytes({5, 0}), bytes({5, 0, 0, 3, 3}) + "b.c" + bytes({0, 1})},
       {bytes({5, 1, 0}), bytes({5, 1, 0, 1, 192, 0, 2, 1, 0, 80})}},
      {"login",
       "socks5://u:pw@p:1",
       {"a.test", net::IpAddress::parse("::1").value(), 80},
       {bytes({5, 2}), bytes({1, 0}), bytes({5, 0, 0, 4}) + std::string(18, '\0')},
       {bytes({5, 2, 0, 2}), bytes({1, 1}) + "u" + bytes({2}) + "pw",
        bytes({5, 1, 0, 4}) + std::string(15, '\0') + bytes({1, 0, 80})}},
      {"login that is not asked for",
       "socks5://u:pw@p:1",
       {"a", std::nullopt, 80},
       {bytes({5, 0}), through},
       {bytes({5, 2, 0, 2}), bytes({5, 1, 0, 3, 1}) + "a" + bytes({0, 80})}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto proxy = Proxy::parse(row.url);
    REQUIRE(proxy.ok());
    ProxyHandshake handshake(*proxy, row.goal);
    std::vector<std::string> sent;
    CHECK(run(handshake, row.answers, sent).ok());
    CHECK(handshake.through());
    CHECK(sent == row.sent);
  }
}

TEST_CASE("http/proxy_handshake: CONNECT, with and without a login") {
  const auto open = Proxy::parse("http://p:1");
  ProxyHandshake plain(*open, {"::1", std::nullopt, 443});
  CHECK(plain.take_output() == "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n");
  CHECK(plain.feed("HTTP/1.1 200 Connection established\r\n").ok());
  CHECK_FALSE(plain.through());
  CHECK(plain.feed("Via: x\r\n\r\n").ok());
  CHECK(plain.through());
  const auto locked = Proxy::parse("https://u:pw@p:1");
  ProxyHandshake login(*locked, {"a.test", std::nullopt, 80});
  CHECK(login.take_output() ==
        "CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n"
        "Proxy-Authorization: Basic dTpwdw==\r\n\r\n");
}

TEST_CASE("http/proxy_handshake: a refusal says why, and whose it is") {
  struct Row {
    std::string url;
    std::vector<std::string> answers;
    ErrorCode code;
    std::string message;
  };
  const std::string hello = bytes({5, 0});
  const Row rows[] = {
      {"socks5://p:1", {bytes({5, 255})}, ErrorCode::kDenied, "it wants a login"},
      {"socks5://p:1", {bytes({5, 2})}, ErrorCode::kDenied, "it wants a login"},
      {"socks5://u:secret@p:1",
       {bytes({5, 2}), bytes({1, 1})},
       ErrorCode::kDenied,
       "it refuses the login"},
      {"socks5://p:1",
       {hello, bytes({5, 2, 0, 1, 0})},
       ErrorCode::kDenied,
       "its rules forbid this target"},
      {"socks5://p:1",
       {hello, bytes({5, 5, 0, 1, 0})},
       ErrorCode::kRefused,
       "the target refused the connection"},
      {"socks5://p:1",
       {hello, bytes({5, 1, 0, 1, 0})},
       ErrorCode::kNetwork,
       "it can't connect to the target"},
      {"socks5://p:1", {"HTTP/1.1 400 Bad\r\n"}, ErrorCode::kProtocol, "it does not speak SOCKS5"},
      {"socks5://p:1",
       {hello, bytes({5, 0, 0, 9, 0})},
       ErrorCode::kProtocol,
       "it answers with an address of unknown type"},
      {"http://u:secret@p:1",
       {"HTTP/1.1 407 Login\r\n\r\n"},
       ErrorCode::kDenied,
       "it wants another login (407)"},
      {"http://p:1",
       {"HTTP/1.1 403 No\r\n\r\n"},
       ErrorCode::kDenied,
       "it forbids this target: 403 No"},
      {"http://p:1",
       {"HTTP/1.1 502 Bad\r\n\r\n"},
       ErrorCode::kNetwork,
       "no way to the target: 502 Bad"},
      {"http://p:1", {bytes({5, 0}) + "\r\n\r\n"}, ErrorCode::kProtocol, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.message);
    const auto proxy = Proxy::parse(row.url);
    REQUIRE(proxy.ok());
    ProxyHandshake handshake(*proxy, {"a.test", std::nullopt, 80});
    std::vector<std::string> sent;
    const Status status = run(handshake, row.answers, sent);
    REQUIRE_FALSE(status.ok());
    CHECK(std::string(to_string(status.error().code)) == to_string(row.code));
    CHECK(status.error().message.starts_with("proxy " + proxy->name() + ": " + row.message));
    CHECK(status.error().message.find("secret") == std::string::npos);
  }
}

TEST_CASE("http/proxy_handshake: more than the answer is no good") {
  const auto proxy = Proxy::parse("socks5://p:1");
  ProxyHandshake handshake(*proxy, {"a", std::nullopt, 80});
  CHECK(handshake.feed(bytes({5, 0})).ok());
  const Status status = handshake.feed(bytes({5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 'x'}));
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::kProtocol);
}
