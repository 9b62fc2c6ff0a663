#include "operators/matcher.h"

#include <doctest/doctest.h>

#include "operators/map_parts.h"
#include "operators/registry.h"

using namespace m8;

namespace {

/// Compiles one flow-style matcher and asks it about the sample parts.
bool matches(const std::string& yaml_text) {
  auto node = yaml::parse(yaml_text);
  REQUIRE(node.ok());
  auto matcher = operators::compile_matcher(*node);
  REQUIRE_MESSAGE(matcher.ok(), yaml_text);
  dsl::Services services;
  operators::Context context{services, {}};
  const test::MapParts parts = test::sample_parts();
  return (*matcher)->matches(parts, context);
}

Error refusal(const std::string& yaml_text) {
  auto node = yaml::parse(yaml_text);
  REQUIRE(node.ok());
  auto matcher = operators::compile_matcher(*node);
  REQUIRE_FALSE_MESSAGE(matcher.ok(), yaml_text);
  return matcher.error();
}

}  // namespace

TEST_CASE("operators/matcher: truth table of every type") {
  struct Row {
    const char* yaml;
    bool expected;
  };
  const Row rows[] = {
      {"{type: word, words: [World]}", true},
      {"{type: word, words: [world]}", false},
      {"{type: word, words: [WORLD], case-insensitive: true}", true},
      {"{type: word, words: [nope, World]}", true},
      {"{type: word, words: [nope, World], condition: and}", false},
      {"{type: word, words: [Hello, World], condition: and}", true},
      {"{type: word, words: ['48656c6c6f'], encoding: hex}", true},
      {"{type: word, words: ['Hello {{user}}']}", true},
      {"{type: word, words: ['{{to_upper(user)}}'], part: content_type}", false},
      {"{type: word, words: ['{{nosuch(}}']}", false},
      {"{type: word, words: [html], part: content_type}", true},
      {"{type: word, words: [x], negative: true}", true},
      {"{type: word, words: [World], negative: true}", false},
      {"{type: word, words: [x], part: missing}", false},
      {"{type: word, words: [x], part: missing, negative: true}", false},
      {"{type: word, words: [x], part: empty, negative: true}", true},
      {"{type: status, status: [404, 200]}", true},
      {"{type: status, status: [404]}", false},
      {"{type: status, status: [404], negative: true}", true},
      {"{type: status, status: [200], part: content_type}", true},
      {"{type: status, status: [200], part: nosuch}", false},
      {"{type: status, status: [404], part: nosuch, negative: true}", false},
      {"{type: size, size: [23]}", true},
      {"{type: size, size: [22, 24]}", false},
      {"{type: size, size: [9], part: content_type}", true},
      {"{type: regex, regex: ['token=[a-z]+\\d+$']}", true},
      {"{type: regex, regex: ['^token']}", false},
      {"{type: regex, regex: ['(?i)hello', 'x'], condition: and}", false},
      {"{type: regex, regex: ['(?i)hello', 'x']}", true},
      {"{type: binary, binary: ['576f726c64']}", true},
      {"{type: binary, binary: ['00']}", false},
      {"{type: dsl, dsl: ['status_code == 200']}", true},
      {"{type: dsl, dsl: ['status_code == 404', 'contains(body, \"token\")']}", true},
      {"{type: dsl, dsl: ['status_code == 404', 'true == true'], condition: and}", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.yaml);
    CHECK(matches(row.yaml) == row.expected);
  }
}

TEST_CASE("operators/matcher: errors and odd values of dsl lines") {
  // A missing name fails `and`, is skipped under `or`, and a negative matcher is then true.
  CHECK_FALSE(matches("{type: dsl, dsl: ['nosuch == 1', 'status_code == 200'], condition: and}"));
  CHECK(matches("{type: dsl, dsl: ['nosuch == 1', 'status_code == 200']}"));
  CHECK(matches("{type: dsl, dsl: ['nosuch == 1'], negative: true}"));
  // What is no boolean is forgotten under `and`, unless it comes last.
  CHECK(matches("{type: dsl, dsl: ['len(body)', 'status_code == 200'], condition: and}"));
  CHECK_FALSE(matches("{type: dsl, dsl: ['status_code == 200', 'len(body)'], condition: and}"));
  CHECK_FALSE(matches("{type: dsl, dsl: ['len(body)']}"));
}

TEST_CASE("operators/matcher: markers in dsl literals are filled per event") {
  CHECK(matches("{type: dsl, dsl: ['contains(body, \"{{user}}\")']}"));
  CHECK_FALSE(matches("{type: dsl, dsl: ['contains(body, \"{{nosuch}}\")']}"));
  CHECK_FALSE(matches("{type: dsl, dsl: ['contains(body, {{user}})']}"));
}

TEST_CASE("operators/matcher: invalid ones are refused with the reason") {
  CHECK(refusal("{type: nosuch, words: [a]}").message ==
        "line 1: unknown matcher type specified: nosuch");
  CHECK(refusal("{type: word, words: [a], dsl: ['1 == 1']}").message ==
        "line 1: matcher word has unexpected fields: dsl");
  CHECK(refusal("{type: status, status: [abc]}").code == ErrorCode::kInvalidArgument);
  CHECK(refusal("{type: regex, regex: ['(?=a)']}").code == ErrorCode::kInvalidArgument);
  CHECK(refusal("{type: binary, binary: ['4']}").code == ErrorCode::kInvalidArgument);
  CHECK(refusal("{type: dsl, dsl: ['((']}").code == ErrorCode::kInvalidArgument);
  CHECK(refusal("{type: word, words: [a], condition: xor}").code == ErrorCode::kInvalidArgument);
  CHECK(refusal("{type: regex, regex: [a], case-insensitive: true}").code ==
        ErrorCode::kInvalidArgument);
  CHECK(refusal("{type: word}").code == ErrorCode::kInvalidArgument);
}

TEST_CASE("operators/matcher: keys with zero values are not seen") {
  CHECK(matches("{type: status, status: [200], case-insensitive: false, encoding: ''}"));
}

TEST_CASE("operators/matcher: xpath needs at least one node") {
  CHECK(matches("{type: xpath, xpath: ['//nowhere', '//body']}"));
  CHECK_FALSE(matches("{type: xpath, xpath: ['//nowhere', '//body'], condition: and}"));
  CHECK(matches("{type: xpath, xpath: ['//nowhere'], negative: true}"));
  CHECK_FALSE(matches("{type: xpath, xpath: ['//body'], part: missing}"));
  CHECK(refusal("{type: xpath}").code == ErrorCode::kInvalidArgument);
}
