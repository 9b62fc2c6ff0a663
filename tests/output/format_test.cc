#include "output/format.h"

#include <cstdlib>
#include <ctime>

#include <doctest/doctest.h>

#include "base/json.h"
#include "output/records.h"
#include "output/text.h"

using namespace m8;
using namespace m8::output;

namespace {

/// Local time is part of the field's format: fixed here.
struct Zone {
  explicit Zone(const char* name) {
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~Zone() {
    ::unsetenv("TZ");
    ::tzset();
  }
};

std::string finding_line(const model::Finding& finding, std::string_view format = "screen",
                         const FormatOptions& options = {}) {
  const auto made = make_format(format, options);
  REQUIRE(made.ok());
  return (*made)->finding(finding);
}

}  // namespace

TEST_CASE("output/registry: knows its formats and names them") {
  for (const FormatEntry& entry : formats()) CHECK(make_format(entry.name, {}).ok());
  const auto unknown = make_format("xml", {});
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().message ==
        "format 'xml': not one of screen, jsonl, json, csv, markdown, sarif");
}

TEST_CASE("output/screen: the console line of the field") {
  model::Finding finding = test::sample_finding();
  CHECK(finding_line(finding) ==
        "[CVE-2021-1:uid] [http] [critical] https://t.example:8443/run?c=id [\"uid=0(root)\"] "
        "[cmd=\"id\"]\n");
  finding.matcher_name.clear();
  finding.extractor_name = "version";
  finding.extracted_results = {" a\"b ", "\xc3\xa9\t\x01"};
  finding.meta = {{"pass", "a\tb"}, {"user", "admin"}};
  CHECK(finding_line(finding) ==
        "[CVE-2021-1:version] [http] [critical] https://t.example:8443/run?c=id "
        "[\"a\"b\",\"\\u00e9\\t\\x01\"] [pass=\"a\\tb\",user=\"admin\"]\n");
  finding.extractor_name.clear();
  finding.extracted_results.clear();
  finding.meta.clear();
  finding.matched_at.clear();
  CHECK(finding_line(finding) == "[CVE-2021-1] [http] [critical] t.example\n");
}

TEST_CASE("output/screen: options add time and status, or leave all but the target") {
  const Zone zone("UTC");
  model::Finding finding = test::sample_finding();
  finding.extracted_results.clear();
  finding.meta.clear();
  FormatOptions options;
  options.timestamps = options.matcher_status = true;
  CHECK(finding_line(finding, "screen", options) ==
        "[2026-06-01 10:00:00] [CVE-2021-1:uid] [matched] [http] [critical] "
        "https://t.example:8443/run?c=id\n");
  finding.matched = false;
  CHECK(finding_line(finding, "screen", options).find("[failed]") != std::string::npos);
  options.metadata = false;
  CHECK(finding_line(finding, "screen", options) == "https://t.example:8443/run?c=id\n");
}

TEST_CASE("output/screen: colours leave brackets and commas alone") {
  FormatOptions options;
  options.colours = true;
  CHECK(finding_line(test::sample_finding(), "screen", options) ==
        "[\x1b[92mCVE-2021-1\x1b[0m:\x1b[1;92muid\x1b[0m] [\x1b[94mhttp\x1b[0m] "
        "[\x1b[31mcritical\x1b[0m] https://t.example:8443/run?c=id [\x1b[96m\"uid=0(root)\"\x1b[0m]"
        " [\x1b[93mcmd=\"id\"\x1b[0m]\n");
}

TEST_CASE("output/screen: a stranger's bytes neither break the line nor reach the terminal") {
  model::Finding finding = test::sample_finding();
  finding.matched_at = "http://a/\x1b[2J\r\nx";
  const std::string line = finding_line(finding);
  CHECK(line.find("http://a/\\x1b[2J\\r\\nx") != std::string::npos);
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(line.find('\x1b') == std::string::npos);
}

TEST_CASE("output/screen: host names and URLs stand alone on their lines") {
  const auto format = make_format("screen", {});
  REQUIRE(format.ok());
  CHECK((*format)->hostname(test::sample_hostname()) == "www.example.com\n");
  model::Endpoint endpoint;
  endpoint.url = "https://www.example.com:8443";
  CHECK((*format)->endpoint(endpoint) == "https://www.example.com:8443\n");
}

TEST_CASE("output/jsonl: a finding has the keys of the field's event in their order") {
  const Zone zone("CEST-2");
  CHECK(
      finding_line(test::sample_finding(), "jsonl") ==
      R"({"template":"http/cves/2021/CVE-2021-1.yaml","template-id":"CVE-2021-1",)"
      R"("template-path":"/home/u/nuclei-templates/http/cves/2021/CVE-2021-1.yaml",)"
      R"("info":{"name":"Acme Panel - Command Execution","author":["someone"],"tags":["cve","rce"],)"
      R"("description":"Acme Panel runs commands.","reference":["https://example.org/a"],)"
      R"("severity":"critical","metadata":{"max-request":1},"classification":{"cve-id":["cve-2021-1"],)"
      R"("cwe-id":["cwe-78"],"cvss-metrics":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",)"
      R"("cvss-score":9.8}},"matcher-name":"uid","type":"http","host":"t.example","port":"8443",)"
      R"("scheme":"https","url":"https://t.example:8443",)"
      R"x("matched-at":"https://t.example:8443/run?c=id","extracted-results":["uid=0(root)"],)x"
      R"("request":"GET /run?c=id HTTP/1.1\r\nHost: t.example:8443\r\n\r\n",)"
      R"x("response":"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nuid=0(root)","meta":{"cmd":"id"},)x"
      R"("ip":"192.0.2.7","timestamp":"2026-06-01T12:00:00.123456789+02:00",)"
      R"("curl-command":"curl -X 'GET' 'https://t.example:8443/run?c=id'","matcher-status":true})"
      "\n");
}

TEST_CASE("output/jsonl: what is always there and what is left out") {
  model::Finding finding;
  auto info = std::make_shared<model::TemplateInfo>();
  info->id = "x";
  info->classification.emplace();
  info->classification->cvss_score = 0;
  finding.info = info;
  finding.matched_at = "http://a/<&>\xff";
  finding.timestamp = WallTime(std::chrono::seconds(0));
  const Zone zone("UTC");
  CHECK(finding_line(finding, "jsonl") ==
        R"({"template-id":"x","info":{"author":[],"tags":[],"severity":"unknown",)"
        R"("classification":{"cve-id":null,"cwe-id":null}},"type":"http",)"
        R"("matched-at":"http://a/\u003c\u0026\u003e)"
        "\xef\xbf\xbd"
        R"(","timestamp":"1970-01-01T00:00:00Z","matcher-status":true})"
        "\n");
}

TEST_CASE("output/jsonl: a host name record has every key in its order") {
  const auto format = make_format("jsonl", {});
  REQUIRE(format.ok());
  CHECK(
      (*format)->hostname(test::sample_hostname()) ==
      R"({"domain":"example.com","hostname":"www.example.com","sources":["bruteforce","permute"],)"
      R"("first_seen":"2023-11-14T22:13:20.123Z","last_seen":"2023-11-14T22:13:21.000Z",)"
      R"("a":["192.0.2.1","192.0.2.2"],"aaaa":[],"cname":["web.example.net"],)"
      R"("resolver":"127.0.0.1:53","wildcard":""})"
      "\n");
}

TEST_CASE("output/jsonl: an endpoint record reads back") {
  const auto format = make_format("jsonl", {});
  REQUIRE(format.ok());
  model::Endpoint endpoint;
  endpoint.url = "https://a.com:8443";
  endpoint.hostname = "a.com";
  endpoint.port = 8443;
  endpoint.status = 200;
  const auto value = json::parse((*format)->endpoint(endpoint));
  REQUIRE(value.ok());
  CHECK(value->string_at("url") == "https://a.com:8443");
  CHECK(value->string_at("port") == "8443");
  CHECK(value->find("status_code")->as_int() == 200);
  CHECK_FALSE(value->find("failed")->as_bool(true));
}

TEST_CASE("output/text: quotes as Go does") {
  struct Row {
    std::string text, quoted;
  };
  const Row rows[] = {
      {"", "\"\""},
      {"a\"b\\", "\"a\\\"b\\\\\""},
      {"\a\b\f\n\r\t\v", "\"\\a\\b\\f\\n\\r\\t\\v\""},
      {std::string("\0\x7f", 2), "\"\\x00\\x7f\""},
      {"\xc3\xa9\xe2\x82\xac", "\"\\u00e9\\u20ac\""},
      {"\xf0\x9f\x98\x80", "\"\\U0001f600\""},
      {"\xc3(\xff", "\"\\xc3(\\xff\""},
  };
  for (const Row& row : rows) CHECK(quote_ascii(row.text) == row.quoted);
}

TEST_CASE("output/text: local times carry as many digits as they need") {
  const WallTime time(std::chrono::nanoseconds(1'780'308'000'120'000'000));
  {
    const Zone zone("UTC");
    CHECK(rfc3339_local(time) == "2026-06-01T10:00:00.12Z");
    CHECK(rfc3339_local(std::chrono::floor<std::chrono::seconds>(time)) == "2026-06-01T10:00:00Z");
  }
  const Zone zone("NST3:30");
  CHECK(rfc3339_local(time) == "2026-06-01T06:30:00.12-03:30");
  CHECK(local_seconds(time) == "2026-06-01 06:30:00");
}
