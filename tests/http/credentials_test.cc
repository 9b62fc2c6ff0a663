#include "http/credentials.h"

#include <doctest/doctest.h>

using namespace m8;
using http::Credentials;

namespace {

/// Headers and target of a request to \p url with the logins of \p text.
std::string applied(const char* text, const char* url, std::vector<http::Header> headers = {}) {
  Credentials credentials;
  const Status read = credentials.parse(text, "s.yaml");
  REQUIRE_MESSAGE(read.ok(), (read.ok() ? "" : read.error().message));
  http::Request request;
  request.url = net::Url::parse(url).value();
  request.headers = std::move(headers);
  credentials.apply(request);
  std::string out = request.url.request_target();
  for (const auto& [name, value] : request.headers) out += "|" + name + ": " + value;
  return out;
}

}  // namespace

TEST_CASE("http/credentials: every type goes where it belongs, to its domains alone") {
  const char* basic =
      "static: [{type: BasicAuth, domains: [A.test, 'b.test:81'], username: u, password: p}]";
  CHECK(applied(basic, "http://a.test/x") == "/x|Authorization: Basic dTpw");
  CHECK(applied(basic, "http://a.test:8080/") == "/|Authorization: Basic dTpw");
  CHECK(applied(basic, "http://b.test:81/") == "/|Authorization: Basic dTpw");
  CHECK(applied(basic, "http://b.test/") == "/");
  CHECK(applied(basic, "http://a.test.evil/") == "/");
  CHECK(applied("static: [{type: bearertoken, domains-regex: ['^.*\\.test$'], token: t}]",
                "http://c.test/", {{"authorization", "Basic x"}}) == "/|authorization: Bearer t");
  CHECK(applied("static: [{type: header, domains: [a.test], headers: [{key: X-Key, value: v}]}]",
                "http://a.test/") == "/|X-Key: v");
  CHECK(applied("static: [{type: cookie, domains: [a.test], cookies: [{key: s, value: '1'},"
                " {raw: 't=2; Path=/'}]}]",
                "http://a.test/", {{"Cookie", "s=0; o=3"}}) == "/|Cookie: s=1; o=3; t=2");
  CHECK(applied("static: [{type: query, domains: [a.test], overwrite: true,"
                " params: [{key: k, value: v}]}]",
                "http://a.test/p?k=old&z=1") == "/p?z=1&k=v");
}

TEST_CASE("http/credentials: what is wrong is told with its line") {
  struct Row {
    const char* text;
    const char* message;
  };
  const Row rows[] = {
      {"static: []", "s.yaml: no static secrets"},
      {"static:\n  - {type: magic, domains: [a]}",
       "s.yaml: line 2: type: not one of basicauth, bearertoken, header, cookie, query: magic"},
      {"static:\n  - {type: basicauth, username: u}", "s.yaml: line 2: no domains"},
      {"static:\n  - {type: header, domains: [a]}", "s.yaml: line 2: no values"},
      {"dynamic: [{template: x}]", "s.yaml: dynamic secrets are not supported"},
  };
  for (const Row& row : rows) {
    Credentials credentials;
    const Status read = credentials.parse(row.text, "s.yaml");
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().message == row.message);
  }
}
