// The report formats: CSV, JSON array, Markdown, SARIF.
#include <filesystem>
#include <set>

#include <doctest/doctest.h>

#include "base/file.h"
#include "base/json.h"
#include "base/temp_file.h"
#include "output/format.h"
#include "output/markdown.h"
#include "output/records.h"
#include "output/writer.h"

using namespace m8;
using namespace m8::output;

namespace {

/// All that \p format makes of \p findings.
std::string document(std::string_view name, const std::vector<model::Finding>& findings,
                     const FormatOptions& options = {}) {
  const auto format = make_format(name, options);
  REQUIRE(format.ok());
  std::string out = (*format)->begin();
  for (const auto& finding : findings) out += (*format)->finding(finding);
  return out + (*format)->end();
}

model::Finding of_template(const char* id, model::Severity severity) {
  model::Finding finding = test::sample_finding();
  auto info = std::make_shared<model::TemplateInfo>(*finding.info);
  info->id = id;
  info->severity = severity;
  finding.info = info;
  return finding;
}

}  // namespace

TEST_CASE("output/csv: quotes what needs it and disarms formulas") {
  model::Finding finding = test::sample_finding();
  finding.extracted_results = {"=cmd|' /C calc'!A0"};
  finding.matcher_name = "a,\"b\"\n";
  const std::string text = document("csv", {finding});
  CHECK(
      text ==
      "template_id,name,severity,type,host,port,ip,matched_at,matcher_name,extractor_name,"
      "extracted_results,payloads,tags,cve_id,cwe_id,cvss_score,timestamp,matcher_status,error\r\n"
      "CVE-2021-1,Acme Panel - Command Execution,critical,http,t.example,8443,192.0.2.7,"
      "https://t.example:8443/run?c=id,\"a,\"\"b\"\"\n\",,'=cmd|' /C calc'!A0,cmd=id,cve; rce,"
      "cve-2021-1,cwe-78,9.8,2026-06-01T10:00:00.123Z,true,\r\n");
}

TEST_CASE("output/json: one array, also of nothing") {
  CHECK(document("json", {}) == "[]\n");
  const auto parsed =
      json::parse(document("json", {test::sample_finding(), test::sample_finding()}));
  REQUIRE(parsed.ok());
  REQUIRE(parsed->items().size() == 2);
  CHECK(parsed->items()[1].string_at("template-id") == "CVE-2021-1");
}

TEST_CASE("output/sarif: rules in order of first finding, results that point to them") {
  FormatOptions options;
  options.arguments = {"num8", "scan", "-u", "x"};
  const auto log = json::parse(
      document("sarif",
               {of_template("a", model::Severity::kHigh), of_template("b", model::Severity::kInfo),
                of_template("a", model::Severity::kHigh)},
               options));
  REQUIRE(log.ok());
  CHECK(log->string_at("version") == "2.1.0");
  const auto& run = log->find("runs")->items().at(0);
  const auto& rules = run.find("tool")->find("driver")->find("rules")->items();
  REQUIRE(rules.size() == 2);
  CHECK(rules[0].string_at("id") == "a");
  CHECK(rules[1].find("properties")->string_at("security-severity") == "1");
  const auto& results = run.find("results")->items();
  REQUIRE(results.size() == 3);
  for (const std::size_t i : {0u, 1u, 2u}) {
    const auto index = static_cast<std::size_t>(results[i].find("ruleIndex")->as_int());
    CHECK(rules.at(index).string_at("id") == results[i].string_at("ruleId"));
  }
  CHECK(results[0].string_at("level") == "error");
  CHECK(results[1].string_at("level") == "none");
  CHECK(results[1].string_at("kind") == "informational");
  const auto& place = *results[0].find("locations")->items()[0].find("physicalLocation");
  CHECK(place.find("artifactLocation")->string_at("uri") == "/run?c=id");
  const auto& invocation = run.find("invocations")->items().at(0);
  CHECK(invocation.find("executionSuccessful")->as_bool());
  CHECK(invocation.string_at("commandLine") == "num8 scan -u x");
}

TEST_CASE("output/sarif: nothing found is a document too") {
  const auto log = json::parse(document("sarif", {}));
  REQUIRE(log.ok());
  CHECK(log->find("runs")->items().at(0).find("results")->items().empty());
}

TEST_CASE("output/sarif: a place is always a URI reference") {
  model::Finding finding = test::sample_finding();
  finding.matched_at = "http://a/%zz b?<x>&q=%41";
  const auto log = json::parse(document("sarif", {finding}));
  REQUIRE(log.ok());
  const auto& result = log->find("runs")->items().at(0).find("results")->items().at(0);
  CHECK(result.find("locations")
            ->items()[0]
            .find("physicalLocation")
            ->find("artifactLocation")
            ->string_at("uri") == "/%25zz%20b?%3Cx%3E&q=%41");
}

TEST_CASE("output/markdown: strangers' bytes stay in their cell and block") {
  model::Finding finding = test::sample_finding();
  finding.response = "HTTP/1.1 200 OK\r\n\r\n````\n# not a heading\n\x1b[2J";
  finding.extracted_results = {"a|b\n<script>"};
  const std::string text = markdown_of(finding);
  CHECK(
      text.starts_with("### Acme Panel - Command Execution (CVE-2021-1:uid) found on t.example\n"));
  CHECK(text.find("\n`````http\nHTTP/1.1 200 OK\n\n````\n# not a heading\n\\x1b[2J\n`````\n") !=
        std::string::npos);
  CHECK(text.find("- a\\|b \\<script\\>\n") != std::string::npos);
  CHECK(text.find("| CVSS-Score | 9.80 |") != std::string::npos);
  CHECK(text.find("[cwe-78](https://cwe.mitre.org/data/definitions/78.html)") != std::string::npos);
  finding.response = std::string(6000, 'x');
  CHECK(markdown_of(finding).find("Truncated: 5120 of 6000 bytes.") != std::string::npos);
}

TEST_CASE("output/markdown: file names") {
  model::Finding finding = test::sample_finding();
  finding.host = "a/../b:80";
  CHECK(markdown_file_name(finding, "id") == "CVE-2021-1-a___b_80-id-uid.md");
  finding.matcher_name.clear();
  CHECK(markdown_file_name(finding, "id") == "CVE-2021-1-a___b_80-id.md");
  finding.extractor_name = "x";
  CHECK(markdown_file_name(finding, "id") == "CVE-2021-1-a___b_80-id-.md");
  finding.host = std::string(300, 'h');
  CHECK(markdown_file_name(finding, "id").size() == 255);
  const std::string uuid = random_uuid();
  CHECK(uuid.size() == 36);
  CHECK(uuid[14] == '4');
  CHECK(uuid != random_uuid());
}

TEST_CASE("output/markdown: a folder has a file for each finding and an index") {
  const auto folder = TempDirectory::create("/tmp");
  REQUIRE(folder.ok());
  const std::string path = folder->path() + "/reports";
  auto reports = MarkdownFolder::create(path, MarkdownFolder::Sort::kSeverity, false);
  REQUIRE(reports.ok());
  CHECK((*reports)->finding(test::sample_finding()).ok());
  CHECK((*reports)->finding(test::sample_finding()).ok());
  CHECK((*reports)->flush().ok());
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path + "/critical"))
    files += entry.path().extension() == ".md";
  CHECK(files == 2);
  const auto index = read_file(path + "/index.md");
  REQUIRE(index.ok());
  CHECK(index->starts_with("|Hostname/IP|Finding|Severity|\n|-|-|-|\n|[t.example](critical/CVE-"));
  CHECK(index->ends_with("|CVE-2021-1 uid|critical|\n"));
}
