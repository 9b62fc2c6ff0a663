// Why a matcher did or did not fire, value by value.

#include "operators/explain.h"

#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include "operators/map_parts.h"
#include "operators/try_expression.h"

using namespace m8;

namespace {

/// "+word@6(seen) -other ..." of every value of the only matcher, and its outcome.
std::string tried(const std::string& matcher) {
  auto compiled = test::compile_operators("matchers: [" + matcher + "]");
  REQUIRE_MESSAGE(compiled.ok(), matcher);
  dsl::Services services;
  operators::Context context{services, {}};
  test::MapParts parts = test::sample_parts();
  (void)compiled->evaluate(parts, context);
  const auto explanation = compiled->explain(parts, context);
  REQUIRE(explanation.matchers.size() == 1);
  const auto& report = explanation.matchers[0];
  std::string out = report.matched ? "yes:" : "no:";
  if (!report.part_bytes) out += " no part";
  for (const auto& one : report.tried) {
    out += fmt::format(" {}{}", one.found ? "+" : "-", one.wanted);
    if (one.at) out += fmt::format("@{}", *one.at);
    if (!one.seen.empty()) out += fmt::format("({})", one.seen);
  }
  return out;
}

}  // namespace

TEST_CASE("operators/explain: each value of a matcher, with its place") {
  struct Row {
    const char* matcher;
    const char* expected;
  };
  const Row rows[] = {
      {"{type: word, words: [World, nope]}", "yes: +World@6 -nope"},
      {"{type: word, words: [World, nope], condition: and}", "no: +World@6 -nope"},
      {"{type: word, words: [nope], negative: true}", "yes: -nope"},
      {"{type: word, words: ['{{user}}']}", "yes: +World@6"},
      {"{type: word, words: [x], part: absent}", "no: no part"},
      {"{type: regex, regex: ['tok\\w+', 'z']}", "yes: +tok\\w+@12(token) -z"},
      {"{type: binary, binary: ['576f', 'ff']}", "yes: +576f@6 -ff"},
      {"{type: status, status: [404, 200]}", "yes: -404(200) +200(200)"},
      {"{type: size, size: [3]}", "no: -3(23)"},
      {"{type: dsl, dsl: ['status_code == 404']}", "no: -status_code == 404(status_code = 200)"},
      {"{type: dsl, dsl: ['contains(body, \"World\") && missing == 1']}",
       "no: -contains(body, \"World\") && missing == 1(body = \"Hello World token=abc42\", missing "
       "is missing; No parameter 'missing' found.) +  contains(body, \"World\")(body = \"Hello "
       "World token=abc42\") -  missing == 1(missing is missing; No parameter 'missing' found.)"},
  };
  for (const Row& row : rows) CHECK_MESSAGE(tried(row.matcher) == row.expected, row.matcher);
}

TEST_CASE("operators/explain: extractors tell what they took") {
  auto compiled = test::compile_operators(
      "extractors: [{type: regex, name: t, group: 1, regex: ['token=(\\w+)']},"
      " {type: kval, kval: [absent]}]");
  REQUIRE(compiled.ok());
  dsl::Services services;
  operators::Context context{services, {}};
  test::MapParts parts = test::sample_parts();
  (void)compiled->evaluate(parts, context);
  const auto explanation = compiled->explain(parts, context);
  REQUIRE(explanation.extractors.size() == 2);
  CHECK(explanation.extractors[0].values == dsl::List{"abc42"});
  CHECK(explanation.extractors[0].part_bytes == 23);
  CHECK(explanation.extractors[1].values.empty());
}

TEST_CASE("operators/try_expression: operands are taken apart outside of brackets and strings") {
  using List = std::vector<std::string>;
  CHECK(operators::top_level_operands("a && b || c") == List{"a", "b", "c"});
  CHECK(operators::top_level_operands("(f(\"&&\") && g(a || b))") ==
        List{"f(\"&&\")", "g(a || b)"});
  CHECK(operators::top_level_operands("f('a\\'||b')").empty());
  CHECK(operators::top_level_operands("(a && b) || (c && d)") == List{"(a && b)", "(c && d)"});
}
