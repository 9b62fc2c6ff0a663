#include "operators/operators.h"

#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include "operators/map_parts.h"

using namespace m8;

namespace {

operators::Verdict evaluate(const char* yaml_text, std::set<std::string> excluded = {}) {
  auto compiled = test::compile_operators(yaml_text, std::move(excluded));
  REQUIRE_MESSAGE(compiled.ok(), yaml_text);
  dsl::Services services;
  operators::Context context{services, {}};
  test::MapParts parts = test::sample_parts();
  return compiled->evaluate(parts, context);
}

/// "matcher/extractor[values]" of every hit.
std::string hits(const operators::Verdict& verdict) {
  std::string out;
  for (const auto& hit : verdict.hits) {
    out += fmt::format("{}/{}[{}] ", hit.matcher_name, hit.extractor_name,
                       fmt::join(hit.extracted, ","));
  }
  return out;
}

constexpr const char* kTrue = "{type: status, status: [200]}";

}  // namespace

TEST_CASE("operators/operators: results of one event (templates 6.3)") {
  struct Row {
    const char* yaml;
    const char* expected;
  };
  const Row rows[] = {
      // or: one result for each distinct true name; unnamed ones add nothing then.
      {"matchers: [{type: status, status: [200], name: a}, {type: status, status: [200], name: b},"
       " {type: status, status: [200]}]",
       "a/[] b/[] "},
      {"matchers: [{type: status, status: [200], name: a}, {type: word, words: [Hello], name: a}]",
       "a/[] "},
      {"matchers: [{type: status, status: [404], name: a}, {type: status, status: [200]}]", "/[] "},
      {"matchers: [{type: status, status: [200]}, {type: word, words: [Hello]}]", "/[] "},
      {"matchers: [{type: status, status: [404]}, {type: word, words: [nope]}]", ""},
      // and: names do not count.
      {"{matchers-condition: and, matchers: [{type: status, status: [200], name: a},"
       " {type: word, words: [Hello], name: b}]}",
       "/[] "},
      {"{matchers-condition: and, matchers: [{type: status, status: [200]},"
       " {type: word, words: [nope]}]}",
       ""},
      // Named extractors with an unnamed matcher: one result for each, with its own values.
      {"{matchers: [{type: status, status: [200]}], extractors: ["
       "{type: regex, name: x, regex: [Hello]}, {type: regex, name: y, regex: ['\\d+']},"
       "{type: regex, name: z, regex: [nope]}]}",
       "/x[Hello] /y[42] "},
      {"{matchers: [{type: status, status: [200]}], extractors: ["
       "{type: regex, regex: [Hello]}, {type: regex, regex: ['\\d+', Hello]}]}",
       "/[Hello,42] "},
      // A reported matcher name carries all visible values.
      {"{matchers: [{type: status, status: [200], name: m}], extractors: ["
       "{type: regex, name: x, regex: [Hello]}, {type: regex, name: y, regex: ['\\d+'],"
       " internal: true}]}",
       "m/[Hello] "},
      // Without matchers an extractor decides; internal ones alone give nothing.
      {"extractors: [{type: regex, regex: ['\\d+']}]", "/[42] "},
      {"extractors: [{type: regex, regex: [nope]}]", ""},
      {"extractors: [{type: regex, name: x, regex: ['\\d+'], internal: true}]", ""},
      // Matchers there and false: nothing, whatever was extracted.
      {"{matchers: [{type: status, status: [404]}], extractors: [{type: regex, regex: [H]}]}", ""},
      // Results are hidden only if all matchers are internal.
      {"matchers: [{type: status, status: [200], internal: true}]", ""},
      {"matchers: [{type: status, status: [200], internal: true}, {type: word, words: [nope]}]",
       "/[] "},
      {"matchers: [{type: word, words: [x], part: missing, negative: true}]", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.yaml);
    CHECK(hits(evaluate(row.yaml)) == row.expected);
  }
}

TEST_CASE("operators/operators: -debug tells every matcher that fired by name (templates 6.3.1)") {
  const auto told = [](const char* yaml_text) {
    auto compiled = test::compile_operators(yaml_text, {});
    REQUIRE_MESSAGE(compiled.ok(), yaml_text);
    dsl::Services services;
    operators::Context context{services, {}, false, /*names_all=*/true};
    test::MapParts parts = test::sample_parts();
    return hits(compiled->evaluate(parts, context));
  };
  const std::string matchers =
      "matchers: [{type: word, words: [Hello]}, {type: status, status: [200], name: b}";
  CHECK(told(("{matchers-condition: and, " + matchers + "]}").c_str()) == "b/[] word-1/[] ");
  CHECK(told((matchers + ", {type: status, status: [404]}]").c_str()) == "word-1/[] b/[] ");
  CHECK(
      told(("{matchers-condition: and, " + matchers + ", {type: status, status: [404]}]}").c_str())
          .empty());
}

TEST_CASE("operators/operators: the value of an event in a flow (templates 8.4.2)") {
  struct Row {
    const char* yaml;
    bool expected;
  };
  const Row rows[] = {
      {"matchers: [{type: status, status: [200]}]", true},
      {"matchers: [{type: status, status: [404]}]", false},
      {"matchers: [{type: status, status: [200], internal: true}]", true},
      {"extractors: [{type: regex, name: x, regex: [H], internal: true}]", true},
      {"extractors: [{type: regex, name: x, regex: [nope], internal: true}]", false},
      {"extractors: [{type: regex, regex: [H]}]", true},
      {"{}", true},
      {"{matchers: [{type: status, status: [404]}], extractors: [{type: regex, name: x,"
       " regex: [H], internal: true}]}",
       false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.yaml);
    CHECK(evaluate(row.yaml).succeeded == row.expected);
  }
}

TEST_CASE("operators/operators: extracted values are seen by later extractors and matchers") {
  const char* text =
      "{matchers-condition: and, matchers: [{type: dsl, dsl: ['tok == \"abc42\"']},"
      " {type: word, words: [abc], part: tok}, {type: dsl, dsl: ['w0 == \"Hello\"']}],"
      " extractors: [{type: regex, name: tok, group: 1, regex: ['token=(\\w+)'], internal: true},"
      " {type: regex, name: w, regex: ['[A-Z]\\w+'], internal: true},"
      " {type: dsl, dsl: ['tok + \"!\"']}]}";
  const auto verdict = evaluate(text);
  CHECK(hits(verdict) == "/[abc42!] ");
  REQUIRE(verdict.internal.size() == 2);
  CHECK(verdict.internal[0].first == "tok");
  CHECK(verdict.internal[1].second == dsl::List{"Hello", "World"});
}

TEST_CASE("operators/operators: internal values are given even when matchers fail") {
  const auto verdict = evaluate(
      "{matchers: [{type: status, status: [404]}],"
      " extractors: [{type: regex, name: x, regex: [H], internal: true}]}");
  CHECK_FALSE(verdict.matched);
  CHECK(verdict.internal.size() == 1);
}

TEST_CASE("operators/operators: excluded matchers are skipped, also under and") {
  const std::string text = std::string("{matchers-condition: and, matchers: [") + kTrue +
                           ", {type: word, words: [nope], name: gone}]}";
  CHECK(hits(evaluate(text.c_str())).empty());
  for (const char* entry : {"demo:gone", "*:gone"}) {
    CHECK(hits(evaluate(text.c_str(), {entry})) == "/[] ");
  }
  CHECK(hits(evaluate(text.c_str(), {"other:gone"})).empty());
  // Without any matcher left the block has none: nothing is extracted, so nothing is reported.
  CHECK(hits(evaluate(text.c_str(), {"demo"})).empty());
}

TEST_CASE("operators/operators: of many matchers those that can't match are not asked") {
  // Each of them says so when it is asked.
  std::string yaml = "matchers:\n";
  for (int i = 0; i < 100; ++i)
    yaml += fmt::format(
        "- {{type: dsl, name: n{0}, condition: and, dsl: ['1', 'status_code == {1}', "
        "'regex(\"{2}\", body)', 'false']}}\n",
        i, i == 3 ? 404 : 200, i == 3 || i == 5 || i == 70 ? "Hello" : fmt::format("other-{}", i));
  yaml += "- {type: word, name: absent, negative: true, words: [nothere]}\n";
  const auto compiled = test::compile_operators(yaml);
  REQUIRE(compiled.ok());
  dsl::Services services;
  const auto warnings_and_names = [&](bool is_answer) {
    test::MapParts parts = test::sample_parts();
    if (is_answer) parts.be_answer();
    operators::Context context{services, {}};
    const auto verdict = compiled->evaluate(parts, context);
    return std::pair(context.warnings.size(), verdict.names);
  };
  const auto [filtered, names] = warnings_and_names(true);
  const auto [all, all_names] = warnings_and_names(false);
  CHECK(names == std::vector<std::string>{"absent"});
  CHECK(names == all_names);
  CHECK(filtered == 2);  // 5 and 70
  CHECK(all == 100);
}
