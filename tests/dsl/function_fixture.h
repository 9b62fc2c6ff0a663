// Evaluates expressions with a fixed time, counted "random" bytes and an echoing network.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "dsl/expression.h"

namespace m8::dsl {

/// Fixed time, counted "random" bytes, an echoing network.
class TestServices final : public Services {
 public:
  Clock& clock() override { return clock_; }
  void random(void* out, std::size_t bytes) override {
    ++asked;
    std::memset(out, 0, bytes);
    // A number a piece, however many are asked for at once.
    for (std::size_t at = 0; at < bytes; at += sizeof(std::uint64_t), ++counter_)
      std::memcpy(static_cast<char*>(out) + at, &counter_, std::min(bytes - at, sizeof(counter_)));
  }
  Result<std::string> resolve(const std::string& host, const std::string& type) override {
    return host + "/" + type;
  }
  Result<std::string> public_ip() override { return std::string("192.0.2.1"); }
  int asked = 0;  ///< for random bytes
  Result<std::string> jarm(const std::string& host_port) override { return "jarm of " + host_port; }

 private:
  FakeClock clock_;
  std::uint32_t counter_ = 0;
};

inline Result<Value> evaluate(const std::string& text) {
  TestServices services;
  Variables names;
  names.set("nothing", Value());
  names.set("list", List{"a b", "c"});
  names.set("raw", Bytes{std::string("\xff\x00", 2)});
  names.set("lines", "one\r\ntwo\nthree");
  names.set("odd", "caf\xc3\xa9 \xff.");
  const auto expression = Expression::compile(text);
  if (!expression.ok()) return expression.error();
  return expression->eval(names, services);
}

struct Row {
  const char* expression;
  const char* type;
  std::string text;
};

inline void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.expression);
    const auto value = evaluate(row.expression);
    if (!value.ok()) {
      CHECK_MESSAGE(std::string(row.type) == "error", value.error().message);
      CHECK(value.error().message == row.text);
      continue;
    }
    CHECK(std::string(value->type_name()) == row.type);
    CHECK(value->text() == row.text);
  }
}

}  // namespace m8::dsl
