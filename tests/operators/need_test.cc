#include "operators/need.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "operators/map_parts.h"

using namespace m8;
using operators::Need;

namespace {

/// "a|b & c ; 200,404": groups, then statuses.
std::string text_of(const Need& need) {
  std::vector<std::string> groups;
  for (const Need::Group& group : need.groups)
    groups.push_back(fmt::format("{}", fmt::join(group, "|")));
  std::string out = fmt::format("{}", fmt::join(groups, " & "));
  if (!need.statuses.empty()) out += fmt::format(" ; {}", fmt::join(need.statuses, ","));
  return out;
}

std::string need_of(const std::string& yaml_text) {
  const auto compiled = test::compile_operators(yaml_text);
  REQUIRE_MESSAGE(compiled.ok(), yaml_text);
  return text_of(compiled->need());
}

}  // namespace

TEST_CASE("operators/need: what a match can't do without") {
  struct Row {
    const char* yaml;
    const char* expected;
  };
  const Row rows[] = {
      {"{matchers: [{type: word, words: [One, Two]}]}", "one|two"},
      {"{matchers: [{type: word, words: [One, Two], condition: and}]}", "one & two"},
      {"{matchers: [{type: word, words: [One], part: header}]}", "one"},
      {"{matchers: [{type: word, words: [One], part: response}]}", "one"},
      {"{matchers: [{type: binary, binary: ['4F4e45']}]}", "one"},
      {"{matchers: [{type: regex, regex: ['(?i)Server: x[0-9]+']}]}", "server: x"},
      {"{matchers: [{type: regex, regex: ['one[0-9]', 'two[0-9]']}]}", "one|two"},
      {"{matchers: [{type: regex, regex: ['one[0-9]', '[0-9]+']}]}", ""},
      {"{matchers: [{type: status, status: [200, 302]}]}", " ; 200,302"},
      // All of the matchers, or the best of each.
      {"{matchers-condition: and, matchers: [{type: word, words: [One]},"
       " {type: status, status: [200]}, {type: size, size: [5]}]}",
       "one ; 200"},
      {"{matchers: [{type: word, words: [One]}, {type: word, words: [ab, long], condition: and}]}",
       "one|long"},
      {"{matchers: [{type: word, words: [One]}, {type: status, status: [200]}]}", ""},
      {"{matchers: [{type: word, words: [One]}, {type: size, size: [5]}]}", ""},
      // What is not certain is no need.
      {"{matchers: [{type: word, words: [One], negative: true}]}", ""},
      {"{matchers: [{type: word, words: [One, '{{x}}']}]}", ""},
      {"{matchers: [{type: word, words: [One, '{{x}}'], condition: and}]}", "one"},
      {"{matchers: [{type: word, words: [One], part: location}]}", ""},
      {"{matchers: [{type: word, words: [One], part: body_2}]}", ""},
      {"{matchers: [{type: word, words: [One], part: all}]}", ""},
      {"{matchers: [{type: xpath, xpath: ['//a']}]}", ""},
      // A value may stand in the place of the body, or go into the next request.
      {"{matchers: [{type: word, words: [One]}],"
       " extractors: [{type: regex, name: body, regex: [x]}]}",
       ""},
      {"{matchers: [{type: word, words: [One]}],"
       " extractors: [{type: regex, name: t, internal: true, regex: [x]}]}",
       ""},
      {"{matchers: [{type: word, words: [One]}],"
       " extractors: [{type: regex, name: t, regex: [x]}]}",
       "one"},
      {"{extractors: [{type: regex, regex: ['key=([a-z]+)']}]}", "key="},
      {"{extractors: [{type: regex, regex: ['key=([a-z]+)']}, {type: kval, kval: [server]}]}", ""},
      {"{}", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(row.yaml));
    CHECK(need_of(row.yaml) == std::string(row.expected));
  }
}

TEST_CASE("operators/need: what an expression can't be true without") {
  struct Row {
    const char* expression;
    const char* expected;
  };
  const Row rows[] = {
      {R"(contains(body, "One"))", "one"},
      {R"(contains(to_lower(body), "one") && status_code == 200)", "one ; 200"},
      {R"(contains(tolower(all_headers), "one"))", "one"},
      {R"(200 == status_code && contains(header, 'a b'))", "a b ; 200"},
      {R"(contains(body, "one") || contains(body, "two"))", "one|two"},
      {R"(contains(body, "one") || status_code == 200)", ""},
      {R"(status_code == 200 || status_code == 403)", " ; 200,403"},
      {R"(contains_all(body, "one", "two"))", "one & two"},
      {R"(contains_any(response, "one", "two"))", "one|two"},
      {R"(starts_with(body, "one") && len(body) > 5)", "one"},
      {R"(regex("one[0-9]+", body))", "one"},
      {R"(body =~ "one[0-9]+")", "one"},
      {R"(!contains(body, "one"))", ""},
      {R"(contains(body, "one") == false)", ""},
      {R"(contains(body, "one") != true)", ""},
      {R"(!(contains(body, "one") && status_code == 200))", ""},
      {R"(contains(body, server))", ""},
      {R"(contains(server, "one"))", ""},
      {R"(contains(body_1, "one"))", ""},
      {R"(contains(base64(body), "one"))", ""},
      // Beyond ASCII letters case mapping is more than fold() does.
      {R"(contains(to_lower(body), "één"))", ""},
      {R"(contains(body, "één"))", "één"},
      {R"(status_code != 200)", ""},
      {R"(status_code >= 200)", ""},
      {R"(true)", ""},
  };
  for (const Row& row : rows) {
    const auto expression = dsl::Expression::compile(row.expression);
    REQUIRE_MESSAGE(expression.ok(), row.expression);
    CAPTURE(std::string(row.expression));
    CHECK(text_of(operators::need_true(*expression)) == std::string(row.expected));
  }
}

TEST_CASE("operators/need: texts that are equal without case are equal when folded") {
  struct Row {
    const char* text;
    const char* expected;
  };
  const Row rows[] = {{"AbZ@[", "abz@["},
                      {"\xe2\x84\xaa\xc5\xbf\xc4\xb0\xc4\xb1", "ksii"},
                      {"\xc3\x84\xff\xe2\x84", "\xc3\x84\xff\xe2\x84"},
                      {"", ""}};
  for (const Row& row : rows) CHECK(operators::folded(row.text) == std::string(row.expected));
  // In the lower-cased body the literal is there.
  CHECK(operators::folded("to\xe2\x84\xaa"
                          "en")
            .find("token") != std::string::npos);
}

TEST_CASE("operators/need: a pattern without case is asked also about letters beyond ASCII") {
  test::MapParts parts = test::sample_parts();
  parts.set("body",
            "ma\xc5\xbf"
            "k");
  dsl::Services services;
  operators::Context context{services, {}};
  const auto compiled = test::compile_operators("{matchers: [{type: regex, regex: ['(?i)mask']}]}");
  REQUIRE(compiled.ok());
  CHECK(compiled->evaluate(parts, context).matched);
}

TEST_CASE("operators/need: extractors wait for a match only where nobody looks at their values") {
  const auto extracted = [](const char* yaml_text, bool wants_values) {
    const auto compiled = test::compile_operators(yaml_text);
    REQUIRE_MESSAGE(compiled.ok(), yaml_text);
    test::MapParts parts = test::sample_parts();
    dsl::Services services;
    operators::Context context{services, {}, wants_values};
    return compiled->evaluate(parts, context).extracted;
  };
  const char* independent =
      "{matchers: [{type: word, words: [nope]}], extractors: [{type: regex, regex: [Hello]}]}";
  CHECK(!extracted(independent, false));
  CHECK(extracted(independent, true));
  const char* internal =
      "{matchers: [{type: word, words: [nope]}],"
      " extractors: [{type: regex, name: t, internal: true, regex: [Hello]}]}";
  CHECK(extracted(internal, false));
  const char* read_by_dsl =
      "{matchers: [{type: dsl, dsl: ['t == \"Hello\"']}],"
      " extractors: [{type: regex, name: t, regex: [Hello]}]}";
  CHECK(extracted(read_by_dsl, false));
  const char* read_as_part =
      "{matchers: [{type: word, part: t, words: [Hello]}],"
      " extractors: [{type: regex, name: t, regex: [Hello]}]}";
  CHECK(extracted(read_as_part, false));
}
