#include "templates/document.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace m8;
using namespace m8::templates;

namespace {

constexpr const char* kInfo = "info:\n  name: N\n  author: A, b\n  severity: high\n";
constexpr const char* kHttp = "http:\n  - path:\n      - \"{{BaseURL}}/x\"\n";

Result<Document> read(const std::string& text) {
  return read_document(text, {"/t/x.yaml", "x.yaml"});
}

std::string template_with(const std::string& info, const std::string& rest) {
  return "id: t-1\n" + info + rest;
}

}  // namespace

TEST_CASE("templates/document: a template is read") {
  const auto document = read(
      "id: CVE-2021-1\n"
      "info:\n"
      "  name: A name\n"
      "  author: One,two\n"
      "  severity: ' High '\n"
      "  tags: [CVE, Rce]\n"
      "  reference:\n    - https://e.org/A\n"
      "  classification:\n    cvss-score: 9.8\n    cve-id: CVE-2021-1\n"
      "  metadata:\n    verified: true\n    max-request: 2\n"
      "variables:\n  a: 1.10\n  b: '{{a}}'\n"
      "http:\n"
      "  - method: POST\n    body: ABC\n    path: ['{{BaseURL}}']\n"
      "    matchers:\n      - type: word\n        words: [x]\n"
      "  - id: second\n    path: ['{{BaseURL}}']\n");
  REQUIRE(document.ok());
  const auto& info = *document->info;
  CHECK(info.id == "CVE-2021-1");
  CHECK(info.relative_path == "x.yaml");
  CHECK(info.author == std::vector<std::string>{"one", "two"});
  CHECK(info.tags == std::vector<std::string>{"cve", "rce"});
  CHECK(info.reference == std::vector<std::string>{"https://e.org/A"});
  CHECK(info.severity == model::Severity::kHigh);
  CHECK(info.classification->cvss_score == 9.8);
  CHECK(info.classification->cve_id == std::vector<std::string>{"cve-2021-1"});
  CHECK(!info.classification->cwe_id);
  REQUIRE(info.metadata.size() == 2);
  CHECK(info.metadata[0] == std::pair<std::string, std::string>{"max-request", "2"});
  CHECK(document->kind == Kind::kHttp);
  REQUIRE(document->blocks.size() == 2);
  CHECK(document->blocks[1].id == "second");
  CHECK(document->blocks[1].index == 2);
  CHECK(document->variables[0] == std::pair<std::string, std::string>{"a", "1.1"});
  CHECK(document->facts.methods == std::vector<std::string>{"POST"});
  CHECK(document->facts.body == "abc");
  CHECK(document->facts.matcher_types == std::vector<std::string>{"word"});
}

TEST_CASE("templates/document: what is invalid says why") {
  struct Row {
    std::string text, reason;
  };
  const std::string good_info = kInfo, http = kHttp;
  const Row rows[] = {
      {good_info + http, "mandatory 'id' field is missing"},
      {"id: a b\n" + good_info + http, "invalid field format for 'id'"},
      {"id: -a\n" + good_info + http, "invalid field format for 'id'"},
      {"id: a--b\n" + good_info + http, "invalid field format for 'id'"},
      {"id: a-\n" + good_info + http, "invalid field format for 'id'"},
      {template_with("info:\n  name: ' '\n  author: a\n", http),
       "mandatory 'name' field is missing"},
      {template_with("info:\n  name: x\n", http), "mandatory 'author' field is missing"},
      {template_with("info:\n  name: x\n  author: a\n  severity: bad\n", http),
       "invalid severity: bad"},
      {template_with(kInfo, ""), "no requests defined for t-1"},
      {template_with(kInfo, http + "workflows:\n  - template: x\n"),
       "workflows cannot have other protocols"},
      {template_with(kInfo, http + "requests:\n  - path: [x]\n"),
       "use http or requests, both are not supported"},
      {template_with(kInfo, "tcp:\n  - host: [x]\nnetwork:\n  - host: [x]\n"),
       "use tcp or network, both are not supported"},
      {template_with(kInfo, "http:\n  path: x\n"), "'http' must be a list"},
      {template_with(kInfo, "http:\n  - x\n"), "must be a map"},
      {template_with(kInfo, http + "htttp: []\n"), "unknown key 'htttp' in the template"},
      {template_with(kInfo, http + "    matcherz: []\n"), "unknown key 'matcherz' in http"},
      {template_with(kInfo, http + "    matchers:\n      - type: word\n        word: x\n"),
       "unknown key 'word' in matchers"},
      {template_with(kInfo, http + "id: again\n"), "duplicate key 'id'"},
      {"a: [", "line"},
      {"- x", "a template must be a map"},
      {"", "a template must be a map"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto document = read(row.text);
    REQUIRE(!document.ok());
    CHECK(document.error().code == ErrorCode::kInvalidArgument);
    CAPTURE(document.error().message);
    CHECK(document.error().message.find(row.reason) != std::string::npos);
  }
}

TEST_CASE("templates/document: without a severity it is loaded as unknown") {
  const auto document = read(template_with("info:\n  name: x\n  author: a\n", kHttp));
  REQUIRE(document.ok());
  CHECK(!document->has_severity);
  CHECK(document->info->severity == model::Severity::kUnknown);
}

TEST_CASE("templates/document: the first kind in the fixed order is the template's") {
  const std::string dns = "dns:\n  - name: x\n", tcp = "network:\n  - host: [x]\n";
  CHECK(read(template_with(kInfo, kHttp + dns))->kind == Kind::kDns);
  CHECK(read(template_with(kInfo, tcp + kHttp))->kind == Kind::kHttp);
  CHECK(read(template_with(kInfo, tcp))->kind == Kind::kTcp);
  CHECK(read(template_with(kInfo, "workflows:\n  - template: x\n"))->kind == Kind::kWorkflow);
}

TEST_CASE("templates/document: blocks keep the order of the file") {
  const auto document = read(template_with(kInfo, std::string("tcp:\n  - host: [x]\n") + kHttp));
  REQUIRE(document.ok());
  CHECK(document->blocks[0].kind == Kind::kTcp);
  CHECK(document->blocks[1].kind == Kind::kHttp);
}

TEST_CASE("templates/document: JSON templates are read") {
  const auto document = read(
      R"({"id":"j","info":{"name":"n","author":["a"],"severity":"low"},"http":[{"path":["{{BaseURL}}"]}]})");
  REQUIRE(document.ok());
  CHECK(document->json);
  CHECK(document->info->severity == model::Severity::kLow);
}

TEST_CASE("templates/document: every name of a random string gets one value") {
  const std::string text =
      fill_random_strings("{{randstr}} {{randstr_1}} {{randstr}} {{randstrx}} {{randstr_A}}");
  CHECK(text.find("{{randstr}}") == std::string::npos);
  CHECK(text.find("{{randstrx}}") != std::string::npos);
  CHECK(text.find("{{randstr_A}}") != std::string::npos);
  const std::string first = text.substr(0, 27), second = text.substr(28, 27);
  CHECK(first != second);
  CHECK(text.substr(56, 27) == first);
  CHECK(fill_random_strings("{{randstr}}") != fill_random_strings("{{randstr}}"));
}

TEST_CASE("templates/document: variables are typed before they are text") {
  struct Row {
    const char *yaml, *text;
  };
  const Row rows[] = {{"1.10", "1.1"},
                      {"'1.10'", "1.10"},
                      {"007x", "007x"},
                      {"12", "12"},
                      {"true", "true"},
                      {"~", ""},
                      {"2023-05-31", "2023-05-31 00:00:00 +0000 UTC"},
                      {"2023-5-3 1:2:3", "2023-05-03 01:02:03 +0000 UTC"},
                      {"2023-13-31", "2023-13-31"},
                      {"yes", "yes"},
                      {"off", "off"},
                      {"False", "false"},
                      {"Null", ""},
                      {"007", "7"},
                      {"0777", "511"},
                      {"0888", "888"},
                      {"0o17", "15"},
                      {"0b11", "3"},
                      {"0x1F", "31"},
                      {"0x", "0x"},
                      {"1_000", "1000"},
                      {"-3", "-3"},
                      {"+4", "4"},
                      {".5", "0.5"},
                      {"1e3", "1000"},
                      {"e3", "e3"},
                      {"12345678901234567890", "12345678901234567890"},
                      {"1.2.3", "1.2.3"},
                      {"12:30", "12:30"},
                      {"[a, b]", "[a b]"},
                      {"plain text", "plain text"}};
  for (const Row& row : rows) {
    CAPTURE(row.yaml);
    const auto document =
        read(template_with(kInfo, fmt::format("variables:\n  v: {}\n{}", row.yaml, kHttp)));
    REQUIRE(document.ok());
    CHECK(document->variables[0].second == row.text);
  }
}
