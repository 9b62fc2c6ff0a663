#include "net/scope.h"

#include <cstdio>
#include <fstream>

#include <doctest/doctest.h>

#include "base/temp_file.h"

using namespace m8;
using namespace m8::net;

namespace {

Scope make_scope(const std::vector<std::string>& includes,
                 const std::vector<std::string>& excludes = {}) {
  Scope scope;
  for (const auto& rule : includes) REQUIRE(scope.include(rule).ok());
  for (const auto& rule : excludes) REQUIRE(scope.exclude(rule).ok());
  return scope;
}

bool allows_url(const Scope& scope, const char* text) {
  const auto url = Url::parse(text);
  REQUIRE(url.ok());
  return scope.allows_url(*url);
}

}  // namespace

TEST_CASE("net/scope: a domain covers itself and what is below it, by labels") {
  const Scope scope = make_scope({"Example.com", "bücher.example"});
  struct Row {
    const char* host;
    bool allowed;
  };
  const Row rows[] = {
      {"example.com", true},
      {"EXAMPLE.COM.", true},
      {"a.b.example.com", true},
      {"notexample.com", false},
      {"example.com.evil.org", false},
      {"example.comx", false},
      {"com", false},
      {"www.xn--bcher-kva.example", true},
      {"www.Bücher.example", true},
      {"1.2.3.4", false},
      {"::1", false},
      {"", false},
      {"exa mple.com", false},
      {"x/.example.com", false},
  };
  std::uint64_t refused = 0;
  for (const Row& row : rows) {
    CAPTURE(std::string(row.host));
    CHECK(scope.allows_host(row.host) == row.allowed);
    refused += row.allowed ? 0 : 1;
  }
  CHECK(scope.refusals() == refused);
  CHECK(scope.restricts());
}

TEST_CASE("net/scope: addresses and ranges") {
  const Scope scope = make_scope({"10.0.0.0/8", "192.0.2.7", "2001:db8::/32"}, {"10.1.0.0/16"});
  struct Row {
    const char* ip;
    bool allowed;
  };
  const Row rows[] = {
      {"10.0.0.1", true},  {"10.1.2.3", false},        {"10.2.0.0", true},
      {"11.0.0.1", false}, {"192.0.2.7", true},        {"192.0.2.8", false},
      {"::1", false},      {"2001:db8:1::9", true},    {"::ffff:10.0.0.1", true},
      {"a00::", false},    {"::ffff:10.1.0.1", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.ip);
    CHECK(scope.allows_address(*IpAddress::parse(row.ip)) == row.allowed);
    CHECK(scope.allows_host(row.ip) == row.allowed);
    CHECK(
        allows_url(
            scope,
            ("http://" + SocketAddress{*IpAddress::parse(row.ip), 80}.to_string() + "/").c_str()) ==
        row.allowed);
  }
  CHECK_FALSE(scope.allows_host("example.com"));
}

TEST_CASE("net/scope: what an allowed name leads to is only asked for exclusions") {
  const Scope scope = make_scope({"example.com"}, {"10.0.0.0/8"});
  CHECK(scope.allows_resolved(*IpAddress::parse("192.0.2.1")));
  CHECK_FALSE(scope.allows_resolved(*IpAddress::parse("10.0.0.1")));
  CHECK_FALSE(scope.allows_resolved(*IpAddress::parse("::ffff:10.0.0.1")));
  CHECK_FALSE(scope.allows_address(*IpAddress::parse("192.0.2.1")));
}

TEST_CASE("net/scope: what an allowed name is an alias of is only asked for exclusions") {
  const Scope scope = make_scope({"example.com"}, {"cdn.net"});
  CHECK(scope.allows_alias("www.example.com"));
  CHECK(scope.allows_alias("edge.other.org"));
  CHECK_FALSE(scope.allows_alias("cdn.net"));
  CHECK_FALSE(scope.allows_alias("X.CDN.net."));
}

TEST_CASE("net/scope: URL prefixes are compared by whole segments of the path that counts") {
  const Scope scope = make_scope({"https://a.com/app", "http://b.com:8080"});
  struct Row {
    const char* url;
    bool allowed;
  };
  const Row rows[] = {
      {"https://a.com/app", true},
      {"https://A.COM:443/app/x?y#z", true},
      {"https://a.com/app?x", true},
      {"https://a.com/%61pp/", true},
      {"https://a.com/apple", false},
      {"https://a.com/", false},
      {"https://a.com", false},
      {"https://a.com/app/../admin", false},
      {"https://a.com/app/%2e%2e/admin", false},
      {"https://a.com/app/..%2fadmin", false},
      {"https://a.com/app/..\\admin", false},
      {"https://a.com/x/..//app/y", true},
      {"http://a.com/app", false},
      {"https://a.com:8443/app", false},
      {"https://b.a.com/app", false},
      {"http://b.com:8080", true},
      {"http://b.com:8080/x", true},
      {"http://b.com/x", false},
      {"http://a.com@evil.org/app", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.url);
    CHECK(allows_url(scope, row.url) == row.allowed);
  }
  CHECK(scope.allows_host("a.com"));  // its name may be looked up
  CHECK_FALSE(scope.allows_host("c.a.com"));
}

TEST_CASE("net/scope: exclusions go before inclusions and work alone") {
  const Scope scope = make_scope({"example.com"}, {"dev.example.com", "http://www.example.com/a"});
  CHECK(scope.allows_host("www.example.com"));
  CHECK_FALSE(scope.allows_host("x.dev.example.com"));
  CHECK(allows_url(scope, "http://www.example.com/b"));
  CHECK_FALSE(allows_url(scope, "http://www.example.com/a/b"));
  CHECK_FALSE(allows_url(scope, "http://www.example.com/b/../%61"));
  const Scope open = make_scope({}, {"example.com"});
  CHECK_FALSE(open.restricts());
  CHECK(open.allows_host("example.org"));
  CHECK_FALSE(open.allows_host("x$.example.com"));
  CHECK_FALSE(open.allows_host("www.example.com"));
  CHECK(Scope().allows_host("anything"));
}

TEST_CASE("net/scope: refuses rules of no kind") {
  for (const char* rule :
       {"", "*.example.com", "a b", "1.2.3.4/33", "http://", "http://a.com/?q", "http://u@a.com",
        "example.com:80", "http://a$b/", "127.1", "a..b", "10.0.0.0-10.0.0.9"}) {
    CAPTURE(std::string(rule));
    Scope scope;
    const Status status = scope.include(rule);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("net/scope: reads a file and names the bad line") {
  const auto directory = TempDirectory::create("/tmp");
  REQUIRE(directory.ok());
  const std::string path = directory->path() + "/scope";
  std::ofstream(path) << "# ours\n\n  example.com  # all of it\r\n!dev.example.com\n10.0.0.0/8";
  Scope scope;
  REQUIRE(scope.load(path).ok());
  CHECK(scope.allows_host("a.example.com"));
  CHECK_FALSE(scope.allows_host("a.dev.example.com"));
  CHECK(scope.allows_host("10.9.9.9"));

  std::ofstream(path) << "example.com\nnot a rule\n";
  const Status bad = scope.load(path);
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.error().message.find(path + ":2: ") == 0);
  const Status missing = scope.load(directory->path() + "/none");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == ErrorCode::kNotFound);
  CHECK_FALSE(scope.load(directory->path()).ok());
}
