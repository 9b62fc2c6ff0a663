#include "dsl/value.h"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "dsl/number.h"

namespace m8::dsl {
namespace {

std::string bracketed(const List& items) {
  std::string out = "[";
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ' ';
    out += items[i];
  }
  return out + "]";
}

struct HelperText {
  std::string operator()(Nil) const { return ""; }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(double v) const { return plain_text(v); }
  std::string operator()(std::int64_t v) const { return std::to_string(v); }
  std::string operator()(const std::string& v) const { return v; }
  std::string operator()(const List& v) const { return bracketed(v); }
  std::string operator()(const Bytes& v) const { return v.data; }
};

struct GoText : HelperText {
  using HelperText::operator();
  std::string operator()(Nil) const { return "<nil>"; }
  std::string operator()(double v) const { return shortest_text(v); }
  std::string operator()(const Bytes& v) const {
    List numbers;
    for (const char c : v.data) numbers.push_back(std::to_string(static_cast<unsigned char>(c)));
    return bracketed(numbers);
  }
};

}  // namespace

std::string Value::text() const { return std::visit(HelperText{}, data_); }

std::string Value::go_text() const { return std::visit(GoText{}, data_); }

const char* Value::type_name() const {
  constexpr std::array<const char*, 7> kNames{"nil",    "bool", "number", "int",
                                              "string", "list", "bytes"};
  static_assert(std::variant_size_v<Variant> == kNames.size());
  return kNames[data_.index()];
}

const char* Value::go_type() const {
  constexpr std::array<const char*, 7> kNames{"<nil>",  "bool",     "float64", "int",
                                              "string", "[]string", "[]uint8"};
  static_assert(std::variant_size_v<Variant> == kNames.size());
  return kNames[data_.index()];
}

}  // namespace m8::dsl
