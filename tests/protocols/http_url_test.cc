#include "protocols/http_url.h"

#include <doctest/doctest.h>

using namespace m8;

namespace {

net::Url url(const std::string& text) {
  auto parsed = net::Url::parse(text);
  REQUIRE_MESSAGE(parsed.ok(), text);
  return *parsed;
}

}  // namespace

TEST_CASE("protocols/http_url: queries are merged and grouped by key") {
  struct Row {
    const char *above, *below, *expected;
  };
  const Row rows[] = {
      {"", "", ""},
      {"", "p=1", "p=1"},
      {"a=1&b=2", "", "a=1&b=2"},
      {"a=1&b=2", "a=9", "a=1&a=9&b=2"},
      {"", "p=&q", "p&q"},
      {"", "p&&q", "p&&q"},
      {"", "p=1&", "p=1"},
      {"a=1&", "p&&", "a=1&p&"},
      {"", "a=1&a=2&b=3&a=4", "a=1&a=2&a=4&b=3"},
      {"", "x=1?y=2", "x=1?y=2"},
      {"", "p=a;b", "p=a;b"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.below);
    CHECK(protocols::merge_queries(row.above, row.below, false) == row.expected);
  }
  CHECK(protocols::merge_queries("", "p", true) == "p=");
}

TEST_CASE("protocols/http_url: path entries become request targets (templates 3.2)") {
  struct Row {
    const char *target, *rendered, *expected;
  };
  const Row rows[] = {
      {"http://a.com", "http://a.com", "http://a.com"},
      {"http://a.com", "http://a.com/x", "http://a.com/x"},
      {"http://a.com", "http://a.com//x", "http://a.com//x"},
      {"http://a.com", "http://a.comx", "http://a.comx"},
      {"http://a.com", "http://a.com?p=1", "http://a.com?p=1"},
      {"http://a.com", "a.com/x", "https://a.com/x"},
      {"http://a.com", "x", "https://x"},
      {"http://a.com", "http://a.com/x?p=&q", "http://a.com/x?p&q"},
      {"http://a.com", "http://a.com/x?p&&q", "http://a.com/x?p&&q"},
      {"http://a.com", "http://a.com/?x=1?y=2", "http://a.com/?x=1?y=2"},
      {"http://a.com", "http://a.com/x?", "http://a.com/x"},
      {"http://a.com", "http://a.com/a b?c=d e", "http://a.com/a%20b?c=d+e"},
      {"http://a.com", "http://a.com/é?k=é", "http://a.com/%C3%A9?k=%c3%a9"},
      {"http://a.com", "http://a.com/x?p='\"<>", "http://a.com/x?p='\"<>"},
      {"http://a.com", "http://a.com/x?p=%0a%0d", "http://a.com/x?p=%0a%0d"},
      {"http://a.com", "http://a.com/x?p=a;b", "http://a.com/x?p=a;b"},
      {"http://a.com", "http://a.com/x%", "http://a.com/x%25"},
      {"http://a.com", "http://a.com/a%2fb%zz", "http://a.com/a%252fb%25zz"},
      {"http://a.com", "http://a.com/{x}|y", "http://a.com/%7Bx%7D%7Cy"},
      {"http://a.com", "http://a.com/\\..\\x", "http://a.com/%5C..%5Cx"},
      {"http://a.com", "http://a.com/[x]^y`z", "http://a.com/%5Bx%5D%5Ey%60z"},
      {"http://a.com", "http://a.com/[x]", "http://a.com/[x]"},
      {"http://a.com", "http://a.com/a'b(c)!*", "http://a.com/a'b(c)!*"},
      {"http://a.com", "http://a.com/a'b{c}", "http://a.com/a%27b%7Bc%7D"},
      {"http://a.com", "http://a.com/a!b c", "http://a.com/a%21b%20c"},
      {"http://a.com", "http://a.com/a%2fb c", "http://a.com/a/b%20c"},
      {"http://a.com", "http://a.com/a%2fb", "http://a.com/a%2fb"},
      {"http://a.com", "http://a.com/a%2Fb%20c", "http://a.com/a%2Fb%20c"},
      {"http://a.com", "http://a.com/%2e%2e/y", "http://a.com/%2e%2e/y"},
      {"http://a.com", "http://a.com/..;/y", "http://a.com/..;/y"},
      {"http://a.com", "http://a.com/x/../y", "http://a.com/x/../y"},
      {"http://a.com", "http://a.com/x#frag", "http://a.com/x#frag"},
      {"http://a.com", "http://a.com/#!/x?y=%2F'", "http://a.com/#!/x?y=%252F%27"},
      {"http://a.com", "http://a.com/x?u=http://e.com/#z", "http://a.com/x?u=http://e.com/#z"},
      {"http://a.com/base/x.php?a=1&b=2", "http://a.com/base/x.php",
       "http://a.com/base/x.php?a=1&b=2"},
      {"http://a.com/base/x.php?a=1&b=2", "http://a.com/base/x.php/x?p=1",
       "http://a.com/base/x.php/x?a=1&b=2&p=1"},
      {"http://a.com/base/x.php?a=1&b=2", "http://a.com/base/x.php/x?a=9",
       "http://a.com/base/x.php/x?a=1&a=9&b=2"},
      {"http://a.com/base/x.php?a=1&b=2", "https://fixed.com/p", "https://fixed.com/p?a=1&b=2"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.rendered);
    auto resolved = protocols::resolve_path_entry(row.rendered, url(row.target));
    REQUIRE(resolved.ok());
    CHECK(resolved->to_string() == row.expected);
  }
  for (const char* bad : {"/x", "", "http://"}) {
    CHECK_FALSE(protocols::resolve_path_entry(bad, url("http://a.com")).ok());
  }
}

TEST_CASE("protocols/http_url: the fragment never reaches the wire") {
  auto resolved = protocols::resolve_path_entry("http://a.com/x?u=1#z", url("http://a.com"));
  REQUIRE(resolved.ok());
  CHECK(resolved->request_target() == "/x?u=1");
}

TEST_CASE("protocols/http_url: raw targets are joined to the target's path (templates 3.3)") {
  struct Row {
    const char *target, *raw, *expected, *without_automerge;
  };
  const Row rows[] = {
      {"http://a.com", "/", "/", "/"},
      {"http://a.com", "", "/", "/"},
      {"http://a.com/", "/", "/", "/"},
      {"http://a.com/", "", "/", "/"},
      {"http://a.com", "x", "/x", "/x"},
      {"http://a.com", "//x", "//x", "//x"},
      {"http://a.com", "?p=1", "/?p=1", "/?p=1"},
      {"http://a.com", "@other", "/@other", "/@other"},
      {"http://a.com/", "//x", "/x", "//x"},
      {"http://a.com/base", "/", "/base", "/"},
      {"http://a.com/base", "", "/base", "/"},
      {"http://a.com/base", "?p=1", "/base?p=1", "/?p=1"},
      {"http://a.com/base", "/x", "/base/x", "/x"},
      {"http://a.com/base", "x", "/base/x", "/x"},
      {"http://a.com/base", "//x", "/base//x", "//x"},
      {"http://a.com/base", "/base/y", "/base/y", "/base/y"},
      {"http://a.com/base", "http://a.com/base/x", "/base/x", "/base/x"},
      {"http://a.com/base", "http://other.com/y?z=1", "/base/y?z=1", "/y?z=1"},
      {"http://a.com/base", "/../x", "/base/../x", "/../x"},
      {"http://a.com/base", "/?p", "/base/?p", "/?p"},
      {"http://a.com/base", "/x%", "/base/x%25", "/x%25"},
      {"http://a.com/base", "/é", "/base/%C3%A9", "/%C3%A9"},
      {"http://a.com/base", "/x#f", "/base/x", "/x"},
      {"http://a.com/base/", "/", "/base/", "/"},
      {"http://a.com/base/", "/x", "/base/x", "/x"},
      {"http://a.com/base/", "//x", "/base/x", "//x"},
      {"http://a.com/base/", "x", "/base/x", "/x"},
      {"http://a.com/base/", "/base/y", "/base/base/y", "/base/y"},
      {"http://a.com/base/", "http://a.com/base//x", "/base/base//x", "/base//x"},
      {"http://a.com/base/x.php?a=1&b=2", "/x?p=1", "/base/x.php/x?a=1&b=2&p=1", "/x?a=1&b=2&p=1"},
      {"http://a.com/base?a=1", "", "/base?a=1", "/"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.target);
    CAPTURE(row.raw);
    const net::Url target = url(row.target);
    CHECK(protocols::resolve_raw_target(row.raw, target, true).request_target() == row.expected);
    CHECK(protocols::resolve_raw_target(row.raw, target, false).request_target() ==
          row.without_automerge);
    CHECK(protocols::resolve_raw_target(row.raw, target, true).host == "a.com");
  }
}

TEST_CASE("protocols/http_url: unsafe targets are never encoded (templates 3.4)") {
  struct Row {
    const char *target, *raw, *expected, *without_automerge;
  };
  const Row rows[] = {
      {"http://a.com", "/", "/", "/"},
      {"http://a.com", "/x", "/x", "/x"},
      {"http://a.com", "x", "x", "x"},
      {"http://a.com", "?p=1", "?p=1", "?p=1"},
      {"http://a.com", "//x", "//x", "//x"},
      {"http://a.com/", "/", "/", ""},
      {"http://a.com/", "//x", "/x", "//x"},
      {"http://a.com/", "?p=1", "?p=1", "?p=1"},
      {"http://a.com/", "x", "x", "x"},
      {"http://a.com/base", "/", "/base", ""},
      {"http://a.com/base", "/x", "/base/x", "/x"},
      {"http://a.com/base", "x", "/base/x", "/x"},
      {"http://a.com/base", "/?p", "/base/?p=", "/?p="},
      {"http://a.com/base/", "//x", "/base/x", "//x"},
      {"http://a.com/base/", "/base/y", "/base/base/y", "/base/y"},
      {"http://a.com/base/", "/x%#f", "/base/x%#f", "/x%#f"},
      {"http://a.com/base/x.php?a=1", "/x?p=&q=1", "/base/x.php/x?a=1&p=&q=1", "/x?a=1&p=&q=1"},
      {"http://a.com/base/x.php?a=1", "", "", ""},
      {"http://a.com", "http://b.com/y z", "/y z", "/y z"},
      {"http://a.com?a=1", "1337", "1337?a=1", "1337?a=1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.target);
    CAPTURE(row.raw);
    const net::Url target = url(row.target);
    CHECK(protocols::unsafe_target(row.raw, target, true) == row.expected);
    CHECK(protocols::unsafe_target(row.raw, target, false) == row.without_automerge);
  }
}
