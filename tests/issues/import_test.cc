#include "issues/import.h"

#include <doctest/doctest.h>

#include "model/issue.h"

using namespace m8;
using namespace m8::issues;

namespace {

struct Read {
  Result<ImportCounts> counts = ImportCounts{};
  std::vector<model::Finding> findings;
  std::vector<std::string> broken;
  std::string statuses;
};

Read read_lines(std::vector<std::string> lines) {
  Read read;
  std::size_t next = 0;
  read.counts = read_jsonl(
      [&](std::string& line) {
        if (next == lines.size()) return false;
        line = lines[next++];
        return true;
      },
      [&](const model::Finding& finding, char status) {
        read.findings.push_back(finding);
        read.statuses += status;
        return Status();
      },
      [&](const std::string& why) { read.broken.push_back(why); });
  return read;
}

Read read_log(const std::string& text) {
  Read read;
  read.counts = read_sarif(
      text,
      [&](const model::Finding& finding, char status) {
        read.findings.push_back(finding);
        read.statuses += status;
        return Status();
      },
      [&](const std::string& why) { read.broken.push_back(why); });
  return read;
}

}  // namespace

TEST_CASE("issues/import: a broken line is named, the others are kept") {
  const std::string good = R"({"template-id":"x","host":"a.com","matched-at":"http://a.com/1"})";
  const std::string judged =
      R"({"template-id":"x","host":"a.com","m8":{"issue":7,"status":"false-positive"}})";
  const Read read = read_lines({good, "", "{\"template-id\":", "[]", judged});
  REQUIRE(read.counts.ok());
  CHECK(read.counts->findings == 2);
  CHECK(read.counts->broken == 2);
  CHECK(read.statuses == "UF");
  REQUIRE(read.broken.size() == 2);
  CHECK(read.broken[0].starts_with("line 3: "));
  CHECK(read.broken[1] == "line 4: event: not a JSON object");
}

TEST_CASE("issues/import: an error of the receiver ends the reading") {
  int given = 0;
  const auto counts = read_jsonl(
      [](std::string& line) {
        line = R"({"template-id":"x","host":"a.com"})";
        return true;
      },
      [&](const model::Finding&, char) -> Status {
        ++given;
        return Error{ErrorCode::kExhausted, "full"};
      },
      [](const std::string&) {});
  CHECK(counts.error().message == "full");
  CHECK(given == 1);
}

TEST_CASE("issues/import: SARIF gives rule, severity and place") {
  const Read read =
      read_log(R"({"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Nuclei","rules":[
    {"id":"a","name":"A flaw","fullDescription":{"text":"long"},"properties":{"tags":["security"],"security-severity":"9.4"}}]}},
    "results":[
    {"ruleId":"a","level":"error","locations":[{"physicalLocation":{"artifactLocation":{"uri":"https://h.com:8443/x?b=1"}}}]},
    {"rule":{"id":"b"},"level":"note","suppressions":[{"kind":"external"}],"locations":[{"message":{"text":"h.com/y"},"physicalLocation":{"artifactLocation":{"uri":"/y"}}}]},
    {"level":"note"},
    {"ruleId":"c"}]}]})");
  REQUIRE(read.counts.ok());
  REQUIRE(read.findings.size() == 2);
  CHECK(read.findings[0].info->severity == model::Severity::kCritical);
  CHECK(read.statuses == "UI");
  CHECK(read.findings[0].info->name == "A flaw");
  CHECK(read.findings[0].host == "h.com");
  CHECK(read.findings[0].url == "https://h.com:8443");
  CHECK(read.findings[1].info->severity == model::Severity::kLow);
  CHECK(read.findings[1].host == "h.com");
  CHECK(read.findings[1].matched_at == "h.com/y");
  CHECK(read.broken == std::vector<std::string>{"result 3: no rule", "result 4: no location"});
}

TEST_CASE("issues/import: what is no SARIF is said to be none") {
  for (const char* bad : {"", "{}", "[]", R"({"runs":{}})", "{\"runs\":["}) {
    CAPTURE(std::string(bad));
    const Read read = read_log(bad);
    REQUIRE_FALSE(read.counts.ok());
    CHECK(read.counts.error().code == ErrorCode::kInvalidArgument);
  }
}
