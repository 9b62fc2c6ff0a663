/// Value: what an expression of the template language computes with (dsl.md 3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace m8::dsl {

struct Nil {
  friend bool operator==(Nil, Nil) { return true; }
};
/// Bytes as a function result: compares unequal to a string, prints the same in helpers.
struct Bytes {
  std::string data;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};
using List = std::vector<std::string>;

/// nil, bool, number (float64), integer (only from functions), string, list, bytes.
class Value {
 public:
  using Variant = std::variant<Nil, bool, double, std::int64_t, std::string, List, Bytes>;

  Value() = default;
  Value(bool v) : data_(v) {}                      // NOLINT: implicit by design, as are the others
  Value(double v) : data_(v) {}                    // NOLINT
  Value(std::int64_t v) : data_(v) {}              // NOLINT
  Value(int v) : data_(static_cast<double>(v)) {}  // NOLINT
  Value(std::string v) : data_(std::move(v)) {}    // NOLINT
  Value(std::string_view v) : data_(std::string(v)) {}  // NOLINT
  Value(const char* v) : data_(std::string(v)) {}       // NOLINT
  Value(List v) : data_(std::move(v)) {}                // NOLINT
  Value(Bytes v) : data_(std::move(v)) {}               // NOLINT

  const Variant& data() const { return data_; }
  bool is_nil() const { return std::holds_alternative<Nil>(data_); }
  template <typename T>
  const T* as() const {
    return std::get_if<T>(&data_);
  }

  /// T(x) of the specification: floats in plain decimal, nil empty, lists "[a b]".
  std::string text() const;
  /// Go's %v: floats with an exponent from 1e+06, nil "<nil>", bytes "[97 98]".
  std::string go_text() const;
  /// "string", "number", "int", "bool", "nil", "list", "bytes".
  const char* type_name() const;
  /// Go's %T: "<nil>", "bool", "float64", "int", "string", "[]string", "[]uint8".
  const char* go_type() const;

  /// Deep equality with types: int and number differ, as in the reference engine.
  friend bool operator==(const Value&, const Value&) = default;

 private:
  Variant data_;
};

}  // namespace m8::dsl
