#include "api/records.h"

#include <set>

#include <doctest/doctest.h>

#include "api/fixture.h"
#include "store/records.h"

using namespace m8;
using m8::test::Api;

namespace {

/// The member \p key of all items of the list \p target, page by page.
std::vector<std::string> walk(const Api& api, const std::string& target, const char* key) {
  std::vector<std::string> all;
  std::string next;
  for (int pages = 0; pages < 100; ++pages) {
    const char* joint = target.find('?') == std::string::npos ? "?" : "&";
    const auto page = api.json_of(target + (next.empty() ? "" : joint + ("cursor=" + next)));
    for (const auto& item : page.find("items")->items()) {
      const auto* value = item.find(key);
      all.push_back(value->is_string() ? std::string(value->as_string())
                                       : std::to_string(value->as_int()));
    }
    next = page.string_at("next");
    if (next.empty()) break;
  }
  return all;
}

void fill(Api& api) {
  model::Run run;
  run.command = "num8 scan";
  run.status = "done";
  run.started = run.ended = test::at_second(1);
  run.counts["findings"] = 3;
  std::int64_t id = 0;
  for (int i = 0; i < 7; ++i) id = api.store->begin_run(run).value();
  REQUIRE(api.store->upsert_hostnames(id, test::make_hostnames(25)).ok());
  std::vector<model::Hostname> others = {test::make_hostname("x.example.org", "example.org")};
  others[0].live = false;
  REQUIRE(api.store->upsert_hostnames(id, others).ok());
  std::vector<model::Endpoint> endpoints(23);
  std::vector<model::Issue> issues;
  for (int i = 0; i < 23; ++i) {
    auto& endpoint = endpoints[static_cast<std::size_t>(i)];
    endpoint.url = fmt::format("https://host-{:02}.example.com/\"<{}>", i, "\xc3\xa9");
    endpoint.hostname = fmt::format("host-{:02}.example.com", i);
    endpoint.port = 443;
    endpoint.status = 200;
    endpoint.title = "a \"title\"\n";
    endpoint.technologies = {"Nginx:1.22", "PHP 8"};
    endpoint.live = i % 2 == 0;
    endpoint.last_seen = test::at_second(i);
    issues.push_back(test::make_issue(fmt::format("t-{}", i % 3), fmt::format("http://a/{}", i)));
  }
  REQUIRE(api.store->upsert_endpoints(id, endpoints).ok());
  REQUIRE(api.store->upsert_issues(id, issues).ok());
}

}  // namespace

TEST_CASE("api/records: times as everywhere else") {
  for (const std::int64_t millis :
       {1'700'000'000'123, 1L, 951'782'400'000, 4'102'444'799'999, 4'102'444'800'000}) {
    std::string out;
    api::append_time(out, millis);
    CHECK(out == '"' + rfc3339(WallTime(std::chrono::milliseconds(millis))) + '"');
  }
  for (const std::int64_t millis : {0L, -5L, 253'402'300'800'000L}) {
    std::string out;
    api::append_time(out, millis);
    CHECK(out == "null");
  }
}

TEST_CASE("api/records: lists give everything once, whatever the page") {
  Api api(api::RouterOptions{false, 0, 0, 0});
  fill(api);
  struct Row {
    const char *target, *key;
    std::size_t count;
  };
  const Row rows[] = {
      {"/api/v1/endpoints?limit=5", "url", 23},
      {"/api/v1/endpoints?limit=23", "url", 23},
      {"/api/v1/endpoints?limit=22", "url", 23},
      {"/api/v1/endpoints?limit=7&live=true", "url", 12},
      {"/api/v1/endpoints?hostname=host-03.example.com", "url", 1},
      {"/api/v1/hostnames?limit=10", "hostname", 26},
      {"/api/v1/hostnames?limit=10&live=true", "hostname", 25},
      {"/api/v1/domains/example.com/hostnames?limit=4", "hostname", 25},
      {"/api/v1/domains?limit=1", "name", 2},
      {"/api/v1/runs?limit=3", "id", 7},
      {"/api/v1/runs?limit=3&command=asmm8%20enum", "id", 0},
      {"/api/v1/issues?limit=10", "id", 23},
      {"/api/v1/issues?limit=5&template=t-1", "id", 8},
      {"/api/v1/issues?limit=5&severity=critical", "id", 0},
      {"/api/v1/issues?limit=5&status=unreviewed&tag=a&presence=there", "id", 23},
  };
  for (const Row& row : rows) {
    CAPTURE(row.target);
    const auto all = walk(api, row.target, row.key);
    CHECK(all.size() == row.count);
    CHECK(std::set<std::string>(all.begin(), all.end()).size() == row.count);
  }
}

TEST_CASE("api/records: a record has all of its fields") {
  Api api;
  fill(api);
  const auto page = api.json_of("/api/v1/endpoints?limit=1");
  const auto& one = page.find("items")->items().at(0);
  CHECK(one.string_at("url") == "https://host-00.example.com/\"<\xc3\xa9>");
  CHECK(one.string_at("title") == "a \"title\"\n");
  CHECK(one.find("port")->as_int() == 443);
  CHECK(one.find("live")->as_bool());
  CHECK(one.find("technologies")->items().size() == 2);
  CHECK(one.find("technologies")->items().at(1).as_string() == "PHP 8");
  CHECK(one.string_at("last_seen") == rfc3339(test::at_second(0)));
  const auto issue = api.json_of("/api/v1/issues/1");
  CHECK(issue.string_at("severity") == "high");
  CHECK(issue.string_at("status") == "unreviewed");
  CHECK(issue.find("event")->is_object());
  const auto run = api.json_of("/api/v1/runs/1");
  CHECK(run.find("counts")->find("findings")->as_int() == 3);
}

TEST_CASE("api/records: an issue is judged by the name of the token") {
  Api api;
  fill(api);
  const auto judged = api.ask("PATCH", "/api/v1/issues/2", api.scanner,
                              R"({"status":"false-positive","note":"a test"})");
  CHECK(judged.status == 200);
  CHECK(json::parse(judged.body).value().string_at("status") == "false-positive");
  const auto history = api.json_of("/api/v1/issues/2/history");
  const auto& last = history.find("items")->items().back();
  CHECK(last.string_at("author") == "scanner");
  CHECK(last.string_at("note") == "a test");
  CHECK(last.find("was")->string_at("status") == "unreviewed");
  CHECK(api.ask("PATCH", "/api/v1/issues/2", api.scanner, R"({"status":"x"})").status == 400);
}

TEST_CASE("api/records: domains are added, disabled and removed") {
  Api api;
  const std::string body = R"({"name":"EXAMPLE.com"})";
  CHECK(api.ask("POST", "/api/v1/domains", api.scanner, body).status == 201);
  CHECK(api.ask("POST", "/api/v1/domains", api.scanner, body).status == 200);
  CHECK(api.json_of("/api/v1/domains/example.com").find("enabled")->as_bool());
  CHECK(
      api.ask("PATCH", "/api/v1/domains/example.com", api.scanner, R"({"enabled":false})").status ==
      200);
  CHECK(api.json_of("/api/v1/domains?enabled=true").find("items")->items().empty());
  CHECK(api.ask("DELETE", "/api/v1/domains/example.com", api.scanner).status == 403);
  CHECK(api.ask("DELETE", "/api/v1/domains/example.com", api.admin).status == 204);
  CHECK(api.ask("GET", "/api/v1/domains/example.com", api.reader).status == 404);
  for (const char* bad : {R"({"name":"a b"})", R"({"name":""})", R"({"name":"../x"})", "[]", "{"})
    CHECK(api.ask("POST", "/api/v1/domains", api.scanner, bad).status == 400);
}

TEST_CASE("api/guides: a scan of a domain is one of all its live names, however many") {
  Api api;
  auto names = test::make_hostnames(2'500);
  names[7].live = false;
  REQUIRE(api.store->upsert_hostnames(0, names).ok());
  const auto answer = api.ask("POST", "/domain/example.com/scan", api.scanner, "{}");
  CHECK(answer.status == 202);
  const auto said = json::parse(answer.body).value();
  CHECK(said.find("data")->items().size() == 2'499);
  CHECK(api.desk.counts().queued == 2'499);
}

TEST_CASE("api/guides: the paths of the services before us, with a token") {
  Api api;
  fill(api);
  const auto told = [&api](const char* method, const std::string& path, const std::string& token,
                           const char* body, int status) {
    const auto answer = api.ask(method, path, token, body);
    CAPTURE(method);
    CAPTURE(path);
    CAPTURE(answer.body);
    CHECK(answer.status == status);
    return json::parse(answer.body).value();
  };
  const char* domain = R"({"name":"new.example","companyname":"x","enabled":true})";
  CHECK(told("POST", "/domain", api.scanner, domain, 200).find("data")->as_bool());
  const char* off = R"({"name":"new.example","companyname":"x","enabled":false})";
  const auto changed = told("PUT", "/domain/new.example", api.scanner, off, 200);
  CHECK(!changed.find("data")->find("enabled")->as_bool(true));
  const auto one = told("GET", "/domain/new.example", api.reader, "", 200);
  CHECK(!one.find("data")->find("enabled")->as_bool(true));
  CHECK(told("DELETE", "/domain/new.example", api.admin, "", 200).string_at("status") == "success");
  told("DELETE", "/domain/new.example", api.admin, "", 404);
  told("PUT", "/domain/new.example", api.scanner, off, 404);
  const auto host =
      told("GET", "/domain/example.com/hostname/host-000000.example.com", api.reader, "", 200);
  CHECK(host.find("data")->string_at("hostname") == "host-000000.example.com");
  told("GET", "/domain/example.com/hostname/none.example.com", api.reader, "", 404);
  const auto scan =
      told("POST", "/endpoint/https%3A%2F%2Fa.example%2F/scan", api.scanner, "{}", 202);
  CHECK(scan.find("data")->items().at(0).string_at("target") == "https://a.example/");
  for (const char* path : {"/scan/passive", "/scan/active", "/scan/check"})
    CHECK(told("GET", path, api.reader, "", 410).string_at("error").find("POST /scan") !=
          std::string_view::npos);
  CHECK(told("GET", "/scan", api.reader, "", 405).string_at("error") == "this path takes POST");
}
