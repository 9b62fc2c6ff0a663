/// Conditions of asmm8 probe: -match-condition and -filter-condition, expressions of the template
/// language over the keys of a record.
#pragma once

#include <string>

#include "base/result.h"
#include "dsl/expression.h"
#include "model/endpoint.h"

namespace m8::asmm8 {

/// Immutable; thread-safe.
class ProbeCondition {
 public:
  /// kInvalidArgument for what is no expression.
  static Result<ProbeCondition> compile(const std::string& text);
  /// Whether it is true of \p record: names are the keys of its JSON line, numbers are numbers,
  /// arrays lists. What can't be evaluated is not true.
  bool holds(const model::Endpoint& record) const;

 private:
  explicit ProbeCondition(dsl::Expression expression) : expression_(std::move(expression)) {}
  dsl::Expression expression_;
};

}  // namespace m8::asmm8
