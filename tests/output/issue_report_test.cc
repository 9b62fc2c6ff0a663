#include "output/issue_report.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "issues/import.h"

using namespace m8;
using namespace m8::output;

namespace {

model::Issue make_issue(const std::string& id, model::Severity severity, char status) {
  model::Issue issue;
  issue.id = 7;
  issue.template_id = id;
  issue.name = "Name of " + id;
  issue.severity = severity;
  issue.status = status;
  issue.host = "a.com";
  issue.matched_at = "http://a.com/x y?q=<1>";
  issue.signature = "1-00";
  return issue;
}

std::string report_of(const std::string& form, const std::vector<model::Issue>& issues) {
  ReportSummary summary;
  summary.title = "A|report";
  for (const auto& issue : issues) summary.add(issue);
  auto report = make_report(form, {}).value();
  std::string text = report->head(summary);
  for (const auto& issue : issues) text += report->issue(issue);
  return text + report->tail();
}

}  // namespace

TEST_CASE("output/issue_report: SARIF is what import reads back, with the right rules") {
  auto gone = make_issue("b", model::Severity::kLow, 'R');
  gone.gone = WallTime(std::chrono::hours(1));
  const std::string text =
      report_of("sarif", {make_issue("a", model::Severity::kCritical, 'U'), gone,
                          make_issue("a", model::Severity::kCritical, 'F')});
  const auto log = json::parse(text);
  REQUIRE(log.ok());
  CHECK(log->string_at("version") == "2.1.0");
  const json::Value& run = log->find("runs")->items().at(0);
  const auto& results = run.find("results")->items();
  const auto& rules = run.find("tool")->find("driver")->find("rules")->items();
  REQUIRE(results.size() == 3);
  REQUIRE(rules.size() == 2);
  for (const json::Value& result : results) {
    const auto index = static_cast<std::size_t>(result.find("ruleIndex")->as_int(-1));
    CHECK(rules.at(index).string_at("id") == result.string_at("ruleId"));
    CHECK_FALSE(result.find("message")->string_at("text").empty());
  }
  CHECK(results[0].string_at("level") == "error");
  CHECK(results[1].string_at("baselineState") == "absent");
  CHECK(results[2].find("suppressions") != nullptr);
  std::string read;
  const auto counts = issues::read_sarif(text, [&](const model::Finding& finding, char status) {
    read += finding.info->id + status + " " + to_string(finding.info->severity) + " " +
            finding.matched_at + "\n";
    return Status();
  });
  REQUIRE(counts.ok());
  CHECK(read ==
        "aU critical http://a.com/x%20y?q=%3C1%3E\nbU low http://a.com/x%20y?q=%3C1%3E\n"
        "aI critical http://a.com/x%20y?q=%3C1%3E\n");
  CHECK(json::parse(report_of("sarif", {})).ok());
}

TEST_CASE("output/issue_report: no field of CSV is a formula, and quotes are doubled") {
  auto issue = make_issue("=HYPERLINK(\"x\")", model::Severity::kHigh, 'V');
  issue.name = "two\r\nlines, \"quoted\"";
  const std::string text = report_of("csv", {issue});
  CHECK(text.find("\"'=HYPERLINK(\"\"x\"\")\"") != text.npos);
  CHECK(text.find("\"two\r\nlines, \"\"quoted\"\"\"") != text.npos);
  CHECK(text.starts_with("issue,severity,status,"));
}

TEST_CASE("output/issue_report: Markdown holds no markup of others") {
  const std::string text = report_of("markdown", {make_issue("a|b*", model::Severity::kHigh, 'U')});
  CHECK(text.find("# A\\|report") == 0);
  CHECK(text.find("| 7 | high | unreviewed | a\\|b\\* | http://a.com/x y?q=\\<1\\> |") !=
        text.npos);
}

TEST_CASE("output/issue_report: forms") {
  for (const auto& form : report_forms()) CHECK(make_report(form, {}).ok());
  CHECK(make_report("pdf", {}).error().code == ErrorCode::kInvalidArgument);
}
