#include "protocols/target_names.h"

#include <map>

#include <doctest/doctest.h>

using namespace m8;

namespace {

/// The names of \p url as the probe leaves it: without a scheme for one that never answered.
protocols::TargetNames names_of(std::string url) {
  const bool probed = url.find("://") != std::string::npos;
  auto parsed = net::Url::parse(probed ? url : "http://" + url);
  REQUIRE_MESSAGE(parsed.ok(), url);
  if (!probed) parsed->scheme.clear();
  return protocols::TargetNames({url, *parsed, "192.0.2.1"});
}

std::string text_of(const protocols::TargetNames& names, std::string_view name) {
  const dsl::Value* value = names.find(name);
  return value == nullptr ? "(undefined)" : value->text();
}

}  // namespace

TEST_CASE("protocols/target_names: built-ins of every kind of target (templates 2.1)") {
  struct Row {
    const char *target, *base, *root, *hostname, *host, *port, *path, *file, *query;
  };
  const Row rows[] = {
      {"http://a.com", "http://a.com", "http://a.com", "a.com", "a.com", "80", "", "", ""},
      {"http://a.com/", "http://a.com/", "http://a.com", "a.com", "a.com", "80", "/", "/", ""},
      {"http://a.com/base", "http://a.com/base", "http://a.com", "a.com", "a.com", "80", "/",
       "base", ""},
      {"http://a.com/base/", "http://a.com/base/", "http://a.com", "a.com", "a.com", "80", "/base",
       "base", ""},
      {"http://a.com/base/x.php?a=1&b=2", "http://a.com/base/x.php", "http://a.com", "a.com",
       "a.com", "80", "/base", "x.php", "?a=1&b=2"},
      {"http://a.com?q=1", "http://a.com", "http://a.com", "a.com", "a.com", "80", "", "", "?q=1"},
      {"http://a.com:8080/base?q=1", "http://a.com:8080/base", "http://a.com:8080", "a.com:8080",
       "a.com", "8080", "/", "base", "?q=1"},
      {"https://a.com:443", "https://a.com:443", "https://a.com:443", "a.com:443", "a.com", "443",
       "", "", ""},
      {"http://127.0.0.1:80/a/b/", "http://127.0.0.1:80/a/b/", "http://127.0.0.1:80",
       "127.0.0.1:80", "127.0.0.1", "80", "/a/b", "b", ""},
      {"http://[::1]:8080/p", "http://[::1]:8080/p", "http://[::1]:8080", "[::1]:8080", "::1",
       "8080", "/", "p", ""},
      {"http://user:pw@a.com/x", "http://user:pw@a.com/x", "http://a.com", "a.com", "a.com", "80",
       "/", "x", ""},
      {"http://a.com/%7Bx%7D/y%20z/", "http://a.com/{x}/y z/", "http://a.com", "a.com", "a.com",
       "80", "/%7Bx%7D/y%20z", "y%20z", ""},
      {"http://a.com//dbl//x", "http://a.com//dbl//x", "http://a.com", "a.com", "a.com", "80",
       "/dbl", "x", ""},
      {"a.com", "a.com", "a.com", "a.com", "a.com", "", "", "", ""},
      {"a.com:8443/path", "a.com:8443/path", "a.com:8443", "a.com:8443", "a.com", "8443", "/",
       "path", ""},
      {"http://sub.b.example.co.uk:8080/x/y/z.html?u=v#f",
       "http://sub.b.example.co.uk:8080/x/y/z.html#f", "http://sub.b.example.co.uk:8080",
       "sub.b.example.co.uk:8080", "sub.b.example.co.uk", "8080", "/x/y", "z.html", "?u=v"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.target);
    const auto names = names_of(row.target);
    CHECK(text_of(names, "BaseURL") == row.base);
    CHECK(text_of(names, "Input") == row.base);
    CHECK(text_of(names, "RootURL") == row.root);
    CHECK(text_of(names, "Hostname") == row.hostname);
    CHECK(text_of(names, "Host") == row.host);
    CHECK(text_of(names, "FQDN") == row.host);
    CHECK(text_of(names, "Port") == row.port);
    CHECK(text_of(names, "Path") == row.path);
    CHECK(text_of(names, "File") == row.file);
    CHECK(text_of(names, "Query") == row.query);
    CHECK(text_of(names, "ip") == "192.0.2.1");
  }
}

TEST_CASE("protocols/target_names: the host is split by the public suffix list") {
  const auto deep = names_of("http://sub.b.example.co.uk");
  CHECK(text_of(deep, "RDN") == "example.co.uk");
  CHECK(text_of(deep, "DN") == "example");
  CHECK(text_of(deep, "TLD") == "co.uk");
  CHECK(text_of(deep, "SD") == "sub.b");
  CHECK(text_of(names_of("http://a.com"), "SD").empty());
  for (const char* target : {"http://127.0.0.1", "http://localhost", "http://[::1]"}) {
    CAPTURE(target);
    CHECK(text_of(names_of(target), "RDN") == "(undefined)");
  }
}

TEST_CASE("protocols/target_names: one final slash of BaseURL can be left out") {
  CHECK(names_of("http://a.com/base/").base_url_without_slash().text() == "http://a.com/base");
  CHECK(names_of("http://a.com/b#f").base_url_without_slash().text() == "http://a.com/b#f");
  CHECK(names_of("http://a.com").base_url_without_slash().text() == "http://a.com");
}

TEST_CASE("protocols/target_names: defined names are listed") {
  std::map<std::string, int> seen;
  names_of("http://127.0.0.1/").each_name([&](std::string_view name) {
    ++seen[std::string(name)];
  });
  CHECK(seen.size() == 12);
  CHECK(seen.count("RDN") == 0);
  CHECK(seen["BaseURL"] == 1);
}
