/// What one expression of a dsl matcher comes to, in words: for explanations.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/matcher.h"

namespace m8::operators {

/// \p text evaluated over \p parts: found if it is true, seen has the values of its names
/// ("status_code = 404, body = 512 bytes"), or why it could not be evaluated.
Tried try_expression(std::string_view text, const Parts& parts, Context& context);

/// The operands of \p text's `&&` and `||` outside of parentheses, brackets and strings, trimmed
/// and without parentheses around all of them; empty if there is only one.
std::vector<std::string> top_level_operands(std::string_view text);

}  // namespace m8::operators
