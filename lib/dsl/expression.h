/// Expression: compiled once, evaluated many times (dsl.md 2-4, 7).
///
/// Immutable after compile(); eval() is thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dsl/services.h"
#include "dsl/value.h"
#include "dsl/variables.h"

namespace m8::dsl {

struct Node;  ///< dsl/parser.h

class Expression {
 public:
  /// kInvalidArgument with the reference's text ("Unbalanced parenthesis", "Undefined function
  /// foo", "Invalid token: '&&!'"). kUnsupported names a helper that is deliberately not there. At
  /// most 64 KiB of text, 200 levels.
  static Result<Expression> compile(std::string_view text);

  /// kNotFound "No parameter 'x' found."; kInvalidArgument for type errors and bad arguments.
  Result<Value> eval(const Names& names, Services& services) const;

  const std::string& text() const { return text_; }
  /// Its tree, for who looks into it without evaluating.
  const Node& root() const { return *root_; }
  /// Names of the variables it reads, in order of first appearance.
  const std::vector<std::string>& variables() const { return variables_; }
  /// True if it calls any helper.
  bool calls_functions() const { return calls_functions_; }

 private:
  std::string text_;
  std::shared_ptr<const Node> root_;  ///< shared by copies of the expression
  std::vector<std::string> variables_;
  bool calls_functions_ = false;
};

/// True if \p name (or its alias without underscores) is a helper function.
bool is_function(std::string_view name);
/// Signatures of all helpers, sorted: for `-list-dsl-function`.
std::vector<std::string> function_signatures();

}  // namespace m8::dsl
