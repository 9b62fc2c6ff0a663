#include "api/router.h"

#include <doctest/doctest.h>

#include "api/fixture.h"
#include "api/openapi.h"
#include "metrics/metrics.h"
#include "metrics/table.h"

using namespace m8;
using m8::test::Api;

namespace {

/// \p pattern with \p value in place of every parameter.
std::string path_of(std::string_view pattern, std::string_view value) {
  std::string out;
  while (!pattern.empty()) {
    const auto open = std::min(pattern.find('{'), pattern.size());
    out += pattern.substr(0, open);
    pattern.remove_prefix(open);
    if (pattern.empty()) break;
    out += value;
    pattern.remove_prefix(pattern.find('}') + 1);
  }
  return out;
}

}  // namespace

TEST_CASE("api/router: nobody writes without a token, and no token beyond its scope") {
  api::RouterOptions open;
  open.public_read = true;
  open.per_second = 0;
  const Api api(open);
  int writes = 0;
  for (const api::Route& route : api.router.routes()) {
    CAPTURE(route.method);
    CAPTURE(route.pattern);
    const std::string path = path_of(route.pattern, "1");
    if (std::string_view(route.method) == "GET") {
      CHECK(api.ask("GET", path, "").status != 401);
      continue;
    }
    ++writes;
    CHECK(route.scope >= api::Scope::kScan);
    CHECK(api.ask(route.method, path, "").status == 401);
    CHECK(api.ask(route.method, path, api.reader).status == 403);
    if (route.scope == api::Scope::kAdmin)
      CHECK(api.ask(route.method, path, api.scanner).status == 403);
  }
  CHECK(writes >= 8);
}

TEST_CASE("api/router: reading needs a token, too") {
  Api api;
  int read = 0;
  for (const api::Route& route : api.router.routes()) {
    if (route.scope != api::Scope::kRead) continue;
    CAPTURE(route.pattern);
    ++read;
    const auto refused = api.ask("GET", path_of(route.pattern, "1"), "");
    CHECK(refused.status == 401);
    CHECK(Api::header(refused, "WWW-Authenticate") == "Bearer");
    CHECK(json::parse(refused.body).value().string_at("error") == "a token is needed");
  }
  CHECK(read >= 12);
  CHECK(api.ask("GET", "/api/v1/domains", "m8_wrong").status == 401);
  CHECK(api.ask("GET", "/api/v1/domains", std::string(4000, 'x')).status == 401);
  // Another scheme, and a token in the address, are none.
  auto request = api.request("GET", "/api/v1/domains", "");
  request.headers.emplace_back("Authorization", "Basic " + api.reader);
  CHECK(api.router.answer(request).status == 401);
  CHECK(api.ask("GET", "/api/v1/domains?token=" + api.reader, "").status == 401);
}

TEST_CASE("api/router: a token that was revoked or has expired is worth nothing") {
  Api api;
  CHECK(api.ask("GET", "/api/v1/domains", api.reader).status == 200);
  store::Tokens tokens(api.store->statements());
  REQUIRE(tokens.revoke(1, api.clock.wall()).ok());
  api.clock.advance(std::chrono::seconds(3));
  CHECK(api.ask("GET", "/api/v1/domains", api.reader).status == 401);
  CHECK(tokens.revoke(1, api.clock.wall()).error().code == ErrorCode::kNotFound);

  store::Token brief;
  const std::string secret = api::new_secret();
  brief.name = "brief";
  brief.digest = api::secret_digest(secret);
  brief.scopes = "read";
  brief.expires = api.clock.wall() + std::chrono::hours(1);
  REQUIRE(tokens.add(brief).ok());
  api.clock.advance(std::chrono::seconds(3));
  CHECK(api.ask("GET", "/api/v1/domains", secret).status == 200);
  api.clock.advance(std::chrono::hours(1));
  CHECK(api.ask("GET", "/api/v1/domains", secret).status == 401);
}

TEST_CASE("api/router: what is public is so for this machine alone") {
  api::RouterOptions open;
  open.public_read = true;
  const Api api(open);
  auto request = api.request("GET", "/api/v1/domains", "");
  CHECK(api.router.answer(request).status == 200);
  for (const char* host : {"localhost:8003", "[::1]:8003", "127.0.0.1"}) {
    request.headers = {{"Host", host}};
    CHECK(api.router.answer(request).status == 200);
  }
  // A page of another site whose name was made to lead here.
  for (const char* host : {"evil.example", "127.0.0.1.evil.example:8003", "192.0.2.1", ""}) {
    CAPTURE(host);
    request.headers = {{"Host", host}};
    CHECK(api.router.answer(request).status == 401);
  }
  request.headers = {{"Host", "127.0.0.1"}};
  request.peer = net::IpAddress::v4(0xc0000201);
  CHECK(api.router.answer(request).status == 401);
}

TEST_CASE("api/router: paths lead nowhere else, whatever stands in their parameters") {
  const Api api(api::RouterOptions{false, 0, 0, 0});
  const std::string values[] = {"..",
                                "%2e%2e",
                                "..%2f..%2fetc%2fpasswd",
                                "..%5c..%5cwindows",
                                "%2fetc%2fpasswd",
                                "%00",
                                "a%00b",
                                "a%0d%0aSet-Cookie:x",
                                "%252e%252e",
                                "%ff%fe",
                                "'%20OR%201=1--",
                                "-1",
                                "99999999999999999999",
                                std::string(5000, 'a')};
  int asked = 0;
  for (const api::Route& route : api.router.routes()) {
    if (std::string_view(route.pattern).find('{') == std::string_view::npos) continue;
    const bool name = std::string_view(route.pattern).find("name}") != std::string_view::npos ||
                      std::string_view(route.pattern).find("domain}") != std::string_view::npos ||
                      std::string_view(route.pattern).find("endpoint}") != std::string_view::npos;
    for (const std::string& value : values) {
      // Digits and hyphens make a name.
      if (name && (value == "-1" || value.starts_with("999"))) continue;
      const std::string path = path_of(route.pattern, value);
      CAPTURE(path);
      const auto response = api.ask(route.method, path, api.admin, "{}");
      CHECK(response.status >= 400);
      CHECK(response.status < 500);
      CHECK(response.body.find("root:") == std::string::npos);
      ++asked;
    }
  }
  CHECK(asked > 100);
}

TEST_CASE("api/router: what is wrong with a request is said as JSON") {
  const Api api(api::RouterOptions{false, 0, 0, 0});
  struct Row {
    const char *method, *target;
    int status;
    const char* error;
  };
  const Row rows[] = {
      {"GET", "/nothing", 404, "no such path"},
      {"GET", "/api/v1/domains/", 404, "no such path"},
      {"PUT", "/api/v1/domains", 405, "this path takes GET, POST"},
      {"GET", "/api/v1/endpoints?limit=0", 400, "limit: must be 1 to 1000"},
      {"GET", "/api/v1/endpoints?limit=1001", 400, "limit: must be 1 to 1000"},
      {"GET", "/api/v1/endpoints?limit=ten", 400, "limit: not a whole number"},
      {"GET", "/api/v1/endpoints?cursor=%21", 400, "cursor: not one of ours"},
      {"GET", "/api/v1/endpoints?cursor=", 400, "cursor: empty"},
      {"GET", "/api/v1/runs?cursor=YQ", 400, "cursor: not of this list"},
      {"GET", "/api/v1/hostnames?cursor=YQ", 400, "cursor: not of this list"},
      {"GET", "/api/v1/endpoints?sort=url", 400, "no such parameter: sort"},
      {"GET", "/api/v1/endpoints?live=maybe", 400, "live: true or false"},
      {"GET", "/api/v1/issues?severity=bad", 400,
       "severity: one of info, low, medium, high, critical"},
      {"GET", "/api/v1/runs/7", 404, "no such run"},
      {"GET", "/api/v1/issues/7", 404, "no such issue"},
      {"GET", "/api/v1/scans/7", 404, "no such scan"},
      {"GET", "/api/v1/domains/example.org", 404, "no such domain"},
      {"POST", "/api/v1/domains", 400, "the body has to be a JSON object"},
      {"GET", "/dashboard/none.js", 404, "no such file"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.target);
    const auto response = api.ask(row.method, row.target, api.admin);
    CHECK(response.status == row.status);
    CHECK(json::parse(response.body).value().string_at("error") == row.error);
  }
  CHECK(api.ask("GET", "/" + std::string(9000, 'x'), api.admin).status == 414);
  auto request = api.request("POST", "/api/v1/domains", api.admin, R"({"name":"example.com"})");
  request.headers.emplace_back("Content-Type", "text/plain");
  CHECK(api.router.answer(request).status == 415);
  request.headers.back().second = "application/x-www-form-urlencoded";  // as curl -d has it
  CHECK(api.router.answer(request).status == 201);
}

TEST_CASE("api/router: a caller who asks too much is told when to come again") {
  api::RouterOptions options;
  options.per_second = 2;
  options.burst = 3;
  Api api(options);
  for (int i = 0; i < 3; ++i) CHECK(api.ask("GET", "/api/v1/domains", api.reader).status == 200);
  const auto refused = api.ask("GET", "/api/v1/domains", api.reader);
  CHECK(refused.status == 429);
  CHECK(Api::header(refused, "Retry-After") == "1");
  CHECK(api.ask("GET", "/api/v1/domains", api.scanner).status == 200);
  api.clock.advance(std::chrono::milliseconds(500));
  CHECK(api.ask("GET", "/api/v1/domains", api.reader).status == 200);
  CHECK(api.ask("GET", "/api/v1/domains", api.reader).status == 429);
}

TEST_CASE("api/router: who tries tokens is slowed down, and others are not") {
  api::RouterOptions options;
  options.failures_per_minute = 10;
  Api api(options);
  for (int i = 0; i < 10; ++i)
    CHECK(api.ask("GET", "/api/v1/domains", fmt::format("m8_guess{}", i)).status == 401);
  CHECK(api.ask("GET", "/api/v1/domains", "m8_guess").status == 429);
  CHECK(api.router.failed_auth() == 10);
  auto other = api.request("GET", "/api/v1/domains", api.reader);
  other.peer = net::IpAddress::v4(0x7f000002);
  CHECK(api.router.answer(other).status == 200);
  api.clock.advance(std::chrono::seconds(7));
  CHECK(api.ask("GET", "/api/v1/domains", api.reader).status == 200);
}

TEST_CASE("api/router: an answer that is known already is not sent again") {
  const Api api;
  const auto first = api.ask("GET", "/api/v1/domains", api.reader);
  const std::string tag = Api::header(first, "ETag");
  REQUIRE(!tag.empty());
  auto again = api.request("GET", "/api/v1/domains", api.reader);
  again.headers.emplace_back("If-None-Match", "\"other\", " + tag);
  const auto same = api.router.answer(again);
  CHECK(same.status == 304);
  CHECK(same.body.empty());
  CHECK(Api::header(same, "ETag") == tag);
  REQUIRE(api.ask("POST", "/api/v1/domains", api.scanner, R"({"name":"example.com"})").status ==
          201);
  CHECK(api.router.answer(again).status == 200);
}

TEST_CASE("api/router: every answer has the headers that keep browsers in check") {
  const Api api;
  for (const auto& response :
       {api.ask("GET", "/api/v1/domains", api.reader), api.ask("GET", "/", ""),
        api.ask("GET", "/none", ""), api.ask("GET", "/api/v1/domains", "")}) {
    CHECK(Api::header(response, "X-Content-Type-Options") == "nosniff");
    CHECK(Api::header(response, "X-Frame-Options") == "DENY");
    CHECK(Api::header(response, "Referrer-Policy") == "no-referrer");
    CHECK(Api::header(response, "Access-Control-Allow-Origin").empty());
    const std::string policy = Api::header(response, "Content-Security-Policy");
    CHECK(policy.find("default-src 'none'") != std::string::npos);
    CHECK(policy.find("unsafe") == std::string::npos);
  }
}

TEST_CASE("api/openapi: the document has every route, and nothing but known parameters") {
  const Api api;
  const auto document = json::parse(api::openapi(api.router.routes()));
  REQUIRE(document.ok());
  CHECK(document->string_at("openapi") == "3.0.3");
  const auto* schemas = document->find("components")->find("schemas");
  for (const api::Route& route : api.router.routes()) {
    CAPTURE(route.pattern);
    const auto* path = document->find("paths")->find(route.pattern);
    REQUIRE(path != nullptr);
    std::string method = route.method;
    for (char& c : method) c = static_cast<char>(c | 0x20);
    REQUIRE(path->find(method) != nullptr);
    for (const char* name : route.query) CHECK(api::find_parameter(name) != nullptr);
    for (const std::string name : {route.body, route.answer})
      if (!name.empty()) CHECK(schemas->find(name) != nullptr);
  }
}

TEST_CASE("api/router: what no honest caller sends is counted by its kind") {
  const Api api;
  const auto count = [](const char* type) {
    return metrics::Registry::process().counter(metrics::kSuspicious, {type}).value();
  };
  const auto before = count("path_traversal");
  for (const char* path : {"/a/../b", "/dashboard/%2e%2e%2fx", "/..", "/a/..%5cb", "/a%00"})
    api.ask("GET", path, api.reader);
  CHECK(count("path_traversal") == before + 5);
  for (const char* path : {"/a..b", "/api/v1/runs?x=/../", "/...", "/.../x"})
    api.ask("GET", path, api.reader);
  CHECK(count("path_traversal") == before + 5);
  const auto longer = count("long_target");
  api.ask("GET", "/" + std::string(9'000, 'a'), api.reader);
  CHECK(count("long_target") == longer + 1);
}
