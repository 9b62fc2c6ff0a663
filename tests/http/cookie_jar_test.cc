#include "http/cookie_jar.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::http;

namespace {

net::Url url_of(const std::string& text) {
  auto url = net::Url::parse(text);
  REQUIRE(url.ok());
  return std::move(url).value();
}

}  // namespace

TEST_CASE("http/cookie_jar: reads Set-Cookie lines") {
  const WallTime now = WallTime(std::chrono::seconds(1'700'000'000));
  const auto full = Cookie::parse(
      "sid = \"a b\" ; Domain=.Example.COM; path=/x; Secure; HttpOnly; Max-Age=60", now);
  REQUIRE(full);
  CHECK(full->name == "sid");
  CHECK(full->value == "a b");
  CHECK(full->domain == "example.com");
  CHECK(full->path == "/x");
  CHECK(full->secure);
  CHECK(full->max_age == 60);
  const auto dated = Cookie::parse("a=; Expires=Tue, 14-Nov-2023 22:13:30 GMT; Path=x", now);
  REQUIRE(dated);
  CHECK(dated->value.empty());
  CHECK(dated->path.empty());
  CHECK(dated->max_age == 10);
  for (const std::string line : {"novalue", "=x", "a b=c", "", ";a=b"}) {
    CAPTURE(line);
    CHECK_FALSE(Cookie::parse(line, now));
  }
}

TEST_CASE("http/cookie_jar: which cookies go where") {
  struct Row {
    std::string set_by, line, asked, sent;
  };
  const Row rows[] = {
      {"http://a.com/", "s=1", "http://a.com/x", "s=1"},
      {"http://a.com/", "s=1", "http://sub.a.com/", ""},
      {"http://a.com/", "s=1; Domain=a.com", "http://sub.a.com/", "s=1"},
      {"http://sub.a.com/", "s=1; Domain=a.com", "http://other.a.com/", "s=1"},
      {"http://a.com/", "s=1; Domain=b.com", "http://b.com/", ""},
      {"http://a.com/", "s=1; Domain=com", "http://b.com/", ""},
      {"http://a.co.uk/", "s=1; Domain=co.uk", "http://b.co.uk/", ""},
      {"http://nota.com/", "s=1; Domain=a.com", "http://a.com/", ""},
      {"http://a.com/x/y", "s=1", "http://a.com/x/z", "s=1"},
      {"http://a.com/x/y", "s=1", "http://a.com/xz", ""},
      {"http://a.com/", "s=1; Path=/adm", "http://a.com/admin", ""},
      {"http://a.com/", "s=1; Path=/adm", "http://a.com/adm/in", "s=1"},
      {"https://a.com/", "s=1; Secure", "http://a.com/", ""},
      {"https://a.com/", "s=1; Secure", "https://a.com/", "s=1"},
      {"http://127.0.0.1/", "s=1", "http://127.0.0.1/", "s=1"},
      {"http://127.0.0.1/", "s=1; Domain=0.1", "http://127.0.0.1/", ""},
      {"http://localhost/", "s=1; Domain=localhost", "http://localhost/", "s=1"},
      {"http://a.com/", "s=1; Max-Age=0", "http://a.com/", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.set_by);
    CAPTURE(row.line);
    CookieJar jar(SystemClock::instance());
    jar.store(url_of(row.set_by), {{"Set-Cookie", row.line}});
    CHECK(jar.header_for(url_of(row.asked)) == row.sent);
  }
}

TEST_CASE("http/cookie_jar: order, replacement, removal, age") {
  FakeClock clock;
  CookieJar jar(clock);
  const net::Url url = url_of("http://a.com/x/y");
  jar.store(url, {{"Set-Cookie", "a=1; Path=/"},
                  {"set-cookie", "b=2"},
                  {"Set-Cookie", "c=3; Path=/; Max-Age=10"},
                  {"Set-Cookie2", "d=4"}});
  CHECK(jar.header_for(url) == "b=2; a=1; c=3");
  jar.store(url, {{"Set-Cookie", "a=9; Path=/"}});
  CHECK(jar.header_for(url) == "b=2; a=9; c=3");
  jar.store(url, {{"Set-Cookie", "b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}});
  CHECK(jar.header_for(url) == "a=9; c=3");
  clock.advance(std::chrono::seconds(11));
  CHECK(jar.header_for(url) == "a=9");
}

TEST_CASE("http/cookie_jar: ten thousand cookies cost no more than a hundred") {
  CookieJar jar(SystemClock::instance());
  std::vector<Header> headers;
  for (int i = 0; i < 10'000; ++i)
    headers.push_back({"Set-Cookie", "c" + std::to_string(i) + "=1"});
  jar.store(url_of("http://a.com/"), headers);
  CHECK(jar.size() == 100);
  CHECK(jar.header_for(url_of("http://a.com/")).find("c9999=1") != std::string::npos);
}

TEST_CASE("http/cookie_jar: merging into an authored header") {
  CHECK(merge_cookies("", "a=1") == "a=1");
  CHECK(merge_cookies("a=1; b=2", "b=3; c=4") == "a=1; b=3; c=4");
  CHECK(merge_cookies("a=1;  ;b", "") == "a=1; b");
}
