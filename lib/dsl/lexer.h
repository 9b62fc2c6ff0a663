/// Lexer: the text of an expression as tokens (dsl.md 2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace m8::dsl {

struct Token {
  enum class Kind {
    kStart,  ///< before the first token
    kPrefix,
    kNumber,
    kBool,
    kString,
    kTime,
    kName,
    kFunction,
    kAccessor,
    kSeparator,
    kComparator,
    kLogical,
    kModifier,
    kOpen,
    kClose,
    kTernary,
  };

  Kind kind = Kind::kStart;
  std::string text;   ///< operator, name, or text of a string
  double number = 0;  ///< kNumber; kTime as Unix seconds; kBool as 0 or 1
};

/// kInvalidArgument with the reference's text: unknown operators, unclosed strings and brackets,
/// and tokens that may not follow each other ("Cannot transition token types from ..."). O(size).
/// With \p functions false no name is a function.
Result<std::vector<Token>> tokenize(std::string_view text, bool functions = true);

}  // namespace m8::dsl
