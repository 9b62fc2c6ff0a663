#include "dsl/value.h"

#include <limits>

#include <doctest/doctest.h>

namespace m8::dsl {
namespace {

struct Row {
  Value value;
  const char* type;
  const char* text;
  const char* go_text;
};

TEST_CASE("dsl/value: its two texts") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::vector<Row> rows{
      {Value(), "nil", "", "<nil>"},
      {Value(true), "bool", "true", "true"},
      {Value(1.0), "number", "1", "1"},
      {Value(100000.0), "number", "100000", "100000"},
      {Value(1000000.0), "number", "1000000", "1e+06"},
      {Value(123456789.5), "number", "123456789.5", "1.234567895e+08"},
      {Value(0.0001), "number", "0.0001", "0.0001"},
      {Value(0.00001), "number", "0.00001", "1e-05"},
      {Value(1e23), "number", "100000000000000000000000", "1e+23"},
      {Value(-1e23), "number", "-100000000000000000000000", "-1e+23"},
      {Value(12345678901234567890.0), "number", "12345678901234567000", "1.2345678901234567e+19"},
      {Value(-0.0), "number", "-0", "-0"},
      {Value(kInfinity), "number", "+Inf", "+Inf"},
      {Value(std::int64_t{7}), "int", "7", "7"},
      {Value("a b"), "string", "a b", "a b"},
      {Value(List{"a", "b"}), "list", "[a b]", "[a b]"},
      {Value(List{"", "b"}), "list", "[ b]", "[ b]"},
      {Value(Bytes{"ab"}), "bytes", "ab", "[97 98]"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.go_text);
    CHECK(std::string(row.value.type_name()) == row.type);
    CHECK(row.value.text() == row.text);
    CHECK(row.value.go_text() == row.go_text);
  }
}

TEST_CASE("dsl/value: equality looks at the type") {
  CHECK(Value(1.0) == Value(1));
  CHECK(!(Value(1.0) == Value(std::int64_t{1})));
  CHECK(!(Value("1") == Value(1)));
  CHECK(!(Value("a") == Value(Bytes{"a"})));
  CHECK(Value() == Value());
  CHECK(!(Value() == Value("")));
}

}  // namespace
}  // namespace m8::dsl
