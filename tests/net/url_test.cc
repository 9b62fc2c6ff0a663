#include "net/url.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::net;

TEST_CASE("net/url: takes URLs apart and keeps what was written") {
  struct Row {
    const char *text, *scheme, *user_info, *host;
    int port;  ///< -1: none written
    const char *path, *query, *fragment;
    int effective_port;
    const char *authority, *target;
  };
  const Row rows[] = {
      {"http://a.com", "http", "", "a.com", -1, "", "", "", 80, "a.com", "/"},
      {"http://a.com/", "http", "", "a.com", -1, "/", "", "", 80, "a.com", "/"},
      {"http://a.com?q=1", "http", "", "a.com", -1, "", "q=1", "", 80, "a.com", "/?q=1"},
      {"https://a.com#f", "https", "", "a.com", -1, "", "", "f", 443, "a.com", "/"},
      {"https://a.com:443", "https", "", "a.com", 443, "", "", "", 443, "a.com:443", "/"},
      {"http://a.com:8080/b?q=1#f", "http", "", "a.com", 8080, "/b", "q=1", "f", 8080, "a.com:8080",
       "/b?q=1"},
      {"http://user:pw@a.com/x", "http", "user:pw", "a.com", -1, "/x", "", "", 80, "a.com", "/x"},
      {"http://u@b@a.com/x@y", "http", "u@b", "a.com", -1, "/x@y", "", "", 80, "a.com", "/x@y"},
      {"http://[::1]:8080/p", "http", "", "::1", 8080, "/p", "", "", 8080, "[::1]:8080", "/p"},
      {"http://[FE80::A]/", "http", "", "fe80::a", -1, "/", "", "", 80, "[fe80::a]", "/"},
      {"http://a.com/%7Bx%7D/y%20z/", "http", "", "a.com", -1, "/%7Bx%7D/y%20z/", "", "", 80,
       "a.com", "/%7Bx%7D/y%20z/"},
      {"http://a.com//dbl//x", "http", "", "a.com", -1, "//dbl//x", "", "", 80, "a.com",
       "//dbl//x"},
      {"http://a.com/a b\\..\\{x}|\xff", "http", "", "a.com", -1, "/a b\\..\\{x}|\xff", "", "", 80,
       "a.com", "/a b\\..\\{x}|\xff"},
      {"http://a.com/x/../y?a=1?b=2&&c", "http", "", "a.com", -1, "/x/../y", "a=1?b=2&&c", "", 80,
       "a.com", "/x/../y?a=1?b=2&&c"},
      {"http://a.com/x?u=http://e.com/#z", "http", "", "a.com", -1, "/x", "u=http://e.com/", "z",
       80, "a.com", "/x?u=http://e.com/"},
      {"ws://A_b.c:1/", "ws", "", "a_b.c", 1, "/", "", "", 1, "a_b.c:1", "/"},
      {"ftp://a.com/x", "ftp", "", "a.com", -1, "/x", "", "", 0, "a.com", "/x"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto url = Url::parse(row.text);
    REQUIRE(url.ok());
    CHECK(url->scheme == row.scheme);
    CHECK(url->user_info == row.user_info);
    CHECK(url->host == row.host);
    CHECK((url->port ? *url->port : -1) == row.port);
    CHECK(url->path == row.path);
    CHECK(url->query == row.query);
    CHECK(url->fragment == row.fragment);
    CHECK(url->effective_port() == row.effective_port);
    CHECK(url->authority() == row.authority);
    CHECK(url->root() == std::string(row.scheme) + "://" + row.authority);
    CHECK(url->request_target() == row.target);
    CHECK(url->is_tls() == (url->scheme == "https"));
  }
}

TEST_CASE("net/url: is written as it was read, but for the case of scheme and host") {
  for (const char* text : {"http://a.com", "http://a.com?", "http://a.com/?", "http://a.com/#f",
                           "https://user:pw@[::1]:8443/a%2fb/../c?x=1&y#z", "http://a.com:0/"}) {
    CHECK(Url::parse(text)->to_string() == text);
  }
  CHECK(Url::parse("HTTP://Example.COM/Path")->to_string() == "http://example.com/Path");
  CHECK(Url::parse("http://a.com:/x")->to_string() == "http://a.com/x");
}

TEST_CASE("net/url: refuses what has no scheme or host") {
  struct Row {
    std::string text;
    const char* reason;
  };
  const Row rows[] = {
      {"", "no scheme"},
      {"a.com/x", "no scheme"},
      {"//a.com", "no scheme"},
      {"://a.com", "bad scheme"},
      {"1http://a.com", "bad scheme"},
      {"ht tp://a.com", "bad scheme"},
      {"http://", "no host"},
      {"http:///x", "no host"},
      {"http://:80", "no host"},
      {"http://u@/x", "no host"},
      {"http://a.com:65536/", "port is not"},
      {"http://a.com:-1/", "port is not"},
      {"http://a.com:80x/", "port is not"},
      {"http://a:b:c/", "port is not"},
      {"http://a b.com/", "bad character"},
      {"http://a\tb.com/", "bad character"},
      {"http://{{Host}}/", "bad character"},
      {"http://a%41.com/", "bad character"},
      {"http://[::1/", "not closed"},
      {"http://[a.com]/", "not an IPv6"},
      {"http://[1.2.3.4]/", "not an IPv6"},
      {"http://[::1]x/", "after the bracket"},
      {"http://a.com/" + std::string(64 * 1024, 'x'), "over 64 KiB"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text.substr(0, 80));
    const auto url = Url::parse(row.text);
    REQUIRE_FALSE(url.ok());
    CHECK(url.error().code == ErrorCode::kInvalidArgument);
    CHECK(url.error().message.find(row.reason) != std::string::npos);
  }
}

TEST_CASE("net/url: resolves references") {
  // The first block is RFC 3986 5.4, without its ";" scheme oddities.
  struct Row {
    const char *base, *reference, *expected;  ///< expected null: refused
  };
  const Row rows[] = {
      {"http://a/b/c/d;p?q", "g", "http://a/b/c/g"},
      {"http://a/b/c/d;p?q", "./g", "http://a/b/c/g"},
      {"http://a/b/c/d;p?q", "g/", "http://a/b/c/g/"},
      {"http://a/b/c/d;p?q", "/g", "http://a/g"},
      {"http://a/b/c/d;p?q", "//g", "http://g"},
      {"http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y"},
      {"http://a/b/c/d;p?q", "g?y", "http://a/b/c/g?y"},
      {"http://a/b/c/d;p?q", "#s", "http://a/b/c/d;p?q#s"},
      {"http://a/b/c/d;p?q", "g?y#s", "http://a/b/c/g?y#s"},
      {"http://a/b/c/d;p?q", ";x", "http://a/b/c/;x"},
      {"http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q"},
      {"http://a/b/c/d;p?q", ".", "http://a/b/c/"},
      {"http://a/b/c/d;p?q", "./", "http://a/b/c/"},
      {"http://a/b/c/d;p?q", "..", "http://a/b/"},
      {"http://a/b/c/d;p?q", "../g", "http://a/b/g"},
      {"http://a/b/c/d;p?q", "../..", "http://a/"},
      {"http://a/b/c/d;p?q", "../../../../g", "http://a/g"},
      {"http://a/b/c/d;p?q", "/./g", "http://a/g"},
      {"http://a/b/c/d;p?q", "/../g", "http://a/g"},
      {"http://a/b/c/d;p?q", "g.", "http://a/b/c/g."},
      {"http://a/b/c/d;p?q", "..g", "http://a/b/c/..g"},
      {"http://a/b/c/d;p?q", "./g/.", "http://a/b/c/g/"},
      {"http://a/b/c/d;p?q", "g;x=1/../y", "http://a/b/c/y"},
      {"http://a/b/c/d;p?q", "g?y/../x", "http://a/b/c/g?y/../x"},
      {"http://a/b/c/d;p?q", "https://h/x/../y", "https://h/x/../y"},
      {"http://a.com", "x", "http://a.com/x"},
      {"http://a.com", "?q", "http://a.com?q"},
      {"http://a.com/b#old", "c", "http://a.com/c"},
      {"http://a.com/", "//b.com:81/x", "http://b.com:81/x"},
      {"http://a.com/", "/a//b/%2e%2e/c d", "http://a.com/a//b/%2e%2e/c d"},
      {"http://a.com/", "a:b/c", nullptr},
      {"http://a.com/", "javascript:alert(1)", nullptr},
      {"http://a.com/", "//", nullptr},
      {"http://a.com/", ".http://h/x", nullptr},
      {"http://a.com/", "/x:y", "http://a.com/x:y"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.base);
    CAPTURE(row.reference);
    const auto url = Url::parse(row.base)->resolve(row.reference);
    REQUIRE(url.ok() == (row.expected != nullptr));
    if (row.expected) CHECK(url->to_string() == row.expected);
  }
}

TEST_CASE("net/url: host and port without a scheme") {
  struct Row {
    const char *text, *host;  ///< host null: refused
    int port;
  };
  const Row rows[] = {
      {"a.com", "a.com", -1},
      {"A.com:8443", "a.com", 8443},
      {"[::1]:80", "::1", 80},
      {"[::1]", "::1", -1},
      {"::1", "::1", -1},
      {"1.2.3.4:5", "1.2.3.4", 5},
      {"", nullptr, 0},
      {":80", nullptr, 0},
      {"a.com:", "a.com", -1},
      {"a.com:x", nullptr, 0},
      {"a.com/x", nullptr, 0},
      {"a:1:2", nullptr, 0},
      {"u@a.com", nullptr, 0},
      {"a b", nullptr, 0},
      {"http://a.com", nullptr, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto parsed = HostPort::parse(row.text);
    REQUIRE(parsed.ok() == (row.host != nullptr));
    if (!row.host) continue;
    CHECK(parsed->host == row.host);
    CHECK((parsed->port ? *parsed->port : -1) == row.port);
  }
}

TEST_CASE("net/url: percent decoding leaves invalid sequences") {
  CHECK(percent_decode("a%20b%2Fc%7b") == "a b/c{");
  CHECK(percent_decode("%") == "%");
  CHECK(percent_decode("%4") == "%4");
  CHECK(percent_decode("%41%4") == "A%4");
  CHECK(percent_decode("%zz%4g%41") == "%zz%4gA");
  CHECK(percent_decode("%00") == std::string(1, '\0'));
}
