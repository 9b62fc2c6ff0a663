#include "dsl/expression.h"

#include <doctest/doctest.h>

namespace m8::dsl {
namespace {

Variables sample_variables() {
  Variables names;
  names.set("body", "hello");
  names.set("status_code", 200);
  names.set("a", 1);
  names.set("b", "b");
  names.set("nilv", Value());
  names.set("foo-bar", "x");
  names.set("count_var", std::int64_t{3});
  return names;
}

Result<Value> evaluate(const std::string& text) {
  Services services;
  const Variables names = sample_variables();
  const auto expression = Expression::compile(text);
  if (!expression.ok()) return expression.error();
  return expression->eval(names, services);
}

struct Row {
  const char* text;
  const char* type;
  const char* result;  ///< Go's %v
};

TEST_CASE("dsl/expression: operators, precedence and types") {
  const std::vector<Row> rows{
      {"10 - 3 - 2", "number", "5"},
      {"2 ** 3 ** 2", "number", "64"},
      {"-2 ** 2", "number", "4"},
      {"2 * 3 ** 2", "number", "18"},
      {"1 << 2 + 1", "number", "8"},
      {"1 | 2 == 3", "bool", "true"},
      {"1 < 2 == true", "bool", "true"},
      {"1 == 1 == true", "bool", "true"},
      {"true || foo", "bool", "true"},
      {"false && foo", "bool", "false"},
      {"false ? 1 : 2", "number", "2"},
      {"false ? 1", "nil", "<nil>"},
      {"nilv ?? 6", "number", "6"},
      {"5 % 0", "number", "NaN"},
      {"1/0", "number", "+Inf"},
      {"0x1F", "number", "31"},
      {".5", "number", "0.5"},
      {"~5", "number", "-6"},
      {"1 in (1,2)", "bool", "true"},
      {"1 in (1)", "bool", "true"},
      {"1 in ()", "bool", "false"},
      {"(1) 2", "number", "1"},
      {"!(true)", "bool", "false"},
      {"\"a\\nb\"", "string", "anb"},
      {"'it\\'s'", "string", "it's"},
      {"\"\\\\d\"", "string", "\\d"},
      {"100000 + \"\"", "string", "100000"},
      {"1000000 + \"\"", "string", "1e+06"},
      {"1234567 + \"a\"", "string", "1.234567e+06a"},
      {"0.00001 + \"\"", "string", "1e-05"},
      {"\"x\" + nilv", "string", "x<nil>"},
      {"[foo-bar] == \"x\"", "bool", "true"},
      {"count_var == 3", "bool", "true"},
      {"nilv == \"\"", "bool", "false"},
      {"\"2022-01-13\" == 1642032000", "bool", "true"},
      {"\"2022-01-13T16:30:10+00:00\"", "number", "1.64209141e+09"},
      {"\"2022-01-13T16:30:10Z\"", "string", "2022-01-13T16:30:10Z"},
      {"body =~ 'l+o'", "bool", "true"},
      {"body !~ '^x'", "bool", "true"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto value = evaluate(row.text);
    REQUIRE_MESSAGE(value.ok(), value.error().message);
    CHECK(std::string(value->type_name()) == row.type);
    CHECK(value->go_text() == row.result);
  }
}

struct Failure {
  const char* text;
  const char* message;
};

TEST_CASE("dsl/expression: error texts") {
  const std::vector<Failure> rows{
      {"", "Unexpected end of expression"},
      {"1 +", "Unexpected end of expression"},
      {"(1", "Unbalanced parenthesis"},
      {"\"unclosed", "Unclosed string literal"},
      {"\"a\\", "Unclosed string literal"},
      {"[abc", "Unclosed parameter bracket"},
      {"1==1 &&!false", "Invalid token: '&&!'"},
      {"--5", "Invalid token: '--'"},
      {"touppercase(\"a\")", "Undefined function touppercase"},
      {"body.foo", "Unable to access unexported field 'foo' in token 'body.foo'"},
      {"body.Foo", "Unable to access 'Foo', 'body' is not a struct"},
      {"body.", "Hanging accessor on token 'body.'"},
      {"1.5e3", "Cannot transition token types from NUMERIC [1.5] to VARIABLE [e3]"},
      {"-\"a\"", "Cannot transition token types from PREFIX [-] to STRING [a]"},
      {"foo", "No parameter 'foo' found."},
      {"true + true", "Value 'true' cannot be used with the modifier '+', it is not a number"},
      {"1 && true", "Value '1' cannot be used with the logical operator '&&', it is not a bool"},
      {"'a' < 1", "Value 'a' cannot be used with the comparator '<', it is not a number"},
      {"'a' in 'abc'", "Value 'abc' cannot be used with the comparator 'in', it is not a number"},
      {"1 ? 2 : 3", "Value '1' cannot be used with the ternary operator '?', it is not a bool"},
      {"true ? 1 : false ? 2 : 3",
       "Value '1' cannot be used with the ternary operator '?', it is not a bool"},
      {"-body", "Value 'hello' cannot be used with the prefix '-'"},
      {"llm_prompt('x')", "unsupported function llm_prompt"},
  };
  for (const Failure& row : rows) {
    CAPTURE(row.text);
    const auto value = evaluate(row.text);
    REQUIRE(!value.ok());
    CHECK(value.error().message == row.message);
  }
}

TEST_CASE("dsl/expression: names it reads") {
  const auto expression = Expression::compile("contains(body, b) && [foo-bar] == body");
  REQUIRE(expression.ok());
  CHECK(expression->variables() == std::vector<std::string>{"body", "b", "foo-bar"});
  CHECK(expression->calls_functions());
}

TEST_CASE("dsl/expression: nesting and chains are bounded") {
  const std::string deep = std::string(5000, '(') + "1" + std::string(5000, ')');
  CHECK(!evaluate(deep).ok());
  std::string chain = "1";
  for (int i = 0; i < 5000; ++i) chain += "+1";
  CHECK(!evaluate(chain).ok());
  std::string fair = "1";
  for (int i = 0; i < 500; ++i) fair += "+1";
  CHECK(evaluate(fair)->go_text() == "501");
  CHECK(!evaluate(std::string(70'000, ' ') + "1").ok());
}

}  // namespace
}  // namespace m8::dsl
