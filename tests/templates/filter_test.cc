#include "templates/filter.h"

#include <doctest/doctest.h>

#include "dsl/services.h"

using namespace m8;
using namespace m8::templates;

namespace {

Document sample() {
  auto document = read_document(
      "id: CVE-2021-1\n"
      "info:\n  name: N\n  author: ann,bob\n  severity: high\n  tags: cve,rce\n"
      "  classification:\n    cvss-score: 9.8\n"
      "  metadata:\n    max-request: 2\n    shodan-query: title\n"
      "http:\n  - path: ['{{BaseURL}}']\n    matchers:\n      - type: word\n        words: [x]\n",
      {"/t/http/cves/CVE-2021-1.yaml", "http/cves/CVE-2021-1.yaml"});
  REQUIRE(document.ok());
  return std::move(document).value();
}

}  // namespace

TEST_CASE("templates/filter: the decision table") {
  using model::Severity;
  struct Row {
    const char* name;
    Filter filter;
    bool selected;
  };
  const auto make = [](auto&& set) {
    Filter filter;
    set(filter);
    return filter;
  };
  const Row rows[] = {
      {"no filter", {}, true},
      {"-tags cve -s low",
       make([](Filter& f) { f.tags = {"cve"}, f.severities = {Severity::kLow}; }), false},
      {"-tags cve -etags rce", make([](Filter& f) { f.tags = {"cve"}, f.exclude_tags = {"rce"}; }),
       false},
      {"-tags xss -itags rce", make([](Filter& f) { f.tags = {"xss"}, f.include_tags = {"rce"}; }),
       true},
      {"-etags cve -itags rce",
       make([](Filter& f) { f.exclude_tags = {"cve"}, f.include_tags = {"rce"}; }), true},
      {"-id cve-2021-*", make([](Filter& f) { f.ids = {"cve-2021-*"}; }), true},
      {"-id CVE-202[0-2]-?", make([](Filter& f) { f.ids = {"CVE-202[0-2]-?"}; }), true},
      {"-id cve-2021", make([](Filter& f) { f.ids = {"cve-2021"}; }), false},
      {"-eid CVE-20*", make([](Filter& f) { f.exclude_ids = {"CVE-20*"}; }), false},
      {"-tags cve,xss -s high,low", make([](Filter& f) {
         f.tags = {"cve", "xss"}, f.severities = {Severity::kHigh, Severity::kLow};
       }),
       true},
      {"-es high", make([](Filter& f) { f.exclude_severities = {Severity::kHigh}; }), false},
      {"-a bob", make([](Filter& f) { f.authors = {"bob"}; }), true},
      {"-a bo", make([](Filter& f) { f.authors = {"bo"}; }), false},
      {"-pt dns", make([](Filter& f) { f.kinds = {Kind::kDns}; }), false},
      {"-ept http", make([](Filter& f) { f.exclude_kinds = {Kind::kHttp}; }), false},
      {"-et folder", make([](Filter& f) { f.exclude_paths = {"/t/http/"}; }), false},
      {"-et pattern", make([](Filter& f) { f.exclude_paths = {"/t/http/*/CVE-*"}; }), false},
      {"-et pattern in one component", make([](Filter& f) { f.exclude_paths = {"/t/*.yaml"}; }),
       true},
      {"-et part of a name", make([](Filter& f) { f.exclude_paths = {"/t/ht"}; }), true},
      {"-it beats -et", make([](Filter& f) {
         f.exclude_paths = {"/t"}, f.include_paths = {"/t/http/cves/CVE-2021-1.yaml"};
       }),
       true},
  };
  dsl::Services services;
  const Document document = sample();
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(row.filter.selects(document, services) == row.selected);
  }
}

TEST_CASE("templates/filter: conditions see the facts of a template") {
  struct Row {
    const char* expression;
    bool selected;
  };
  const Row rows[] = {{"contains(tags,'rce')", true},
                      {"contains(id,'2021') && cvss_score >= 9", true},
                      {"severity=='critical'", false},
                      {"max_request == 2", true},
                      {"shodan_query == 'title'", true},
                      {"nosuch == 1", false},
                      {"len(tags)", false},
                      {"protocol == 'http'", true},
                      {"cwe_id == '{<nil>}'", true},
                      {"contains(matcher_type, 'word')", true}};
  dsl::Services services;
  const Document document = sample();
  for (const Row& row : rows) {
    CAPTURE(row.expression);
    Filter filter;
    REQUIRE(filter.add_condition(row.expression).ok());
    CHECK(filter.selects(document, services) == row.selected);
  }
  Filter filter;
  CHECK(!filter.add_condition("1 +").ok());
}

TEST_CASE("templates/filter: a condition also binds what was forced in") {
  dsl::Services services;
  Filter filter;
  filter.include_tags = {"rce"};
  REQUIRE(filter.add_condition("severity == 'low'").ok());
  CHECK(!filter.selects(sample(), services));
}

TEST_CASE("templates/filter: paths that are written in another way are the same paths") {
  for (const char* pattern : {"a/b.yaml", "./a/b.yaml", "a//b.yaml", "a/./b.yaml", "a/c/../b.yaml",
                              "a/", "./a", "a/*.yaml"}) {
    CAPTURE(pattern);
    CHECK(path_matches("a/b.yaml", pattern));
    CHECK(path_matches("./a/c/..//b.yaml", pattern));
    CHECK_FALSE(path_matches("ab/b.yaml", pattern));
  }
  CHECK(path_matches("a/.hidden/b.yaml", "a/.hidden"));
}
