/// Operand: a value on its way through an evaluation, and its text as a view.
///
/// A body of megabytes goes from a variable to contains() without a copy.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "dsl/value.h"

namespace m8::dsl {

/// Either borrows a Value (a literal of the expression, a variable) or owns one (a result).
class Operand {
 public:
  Operand() = default;
  Operand(Value value) : owned_(std::move(value)) {}       // NOLINT: implicit by design
  Operand(const Value* borrowed) : borrowed_(borrowed) {}  // NOLINT

  const Value& get() const { return borrowed_ != nullptr ? *borrowed_ : owned_; }
  const Value* operator->() const { return &get(); }
  Value take() && { return borrowed_ != nullptr ? *borrowed_ : std::move(owned_); }

 private:
  const Value* borrowed_ = nullptr;
  Value owned_;
};

/// T(value) as a view: strings and bytes are not copied. Borrows the value.
class Text {
 public:
  explicit Text(const Value& value) {
    if (const auto* text = value.as<std::string>()) {
      view_ = *text;
    } else if (const auto* bytes = value.as<Bytes>()) {
      view_ = bytes->data;
    } else {
      owned_ = value.text();
      view_ = owned_;
    }
  }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  operator std::string_view() const { return view_; }  // NOLINT: it is one
  std::string_view view() const { return view_; }
  std::string str() const { return std::string(view_); }

 private:
  std::string owned_;
  std::string_view view_;
};

}  // namespace m8::dsl
