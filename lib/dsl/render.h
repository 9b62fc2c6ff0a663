/// Rendering of {{markers}} in template text (templates.md 2.3, 2.5; dsl.md 5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dsl/services.h"
#include "dsl/variables.h"

namespace m8::dsl {

/// Replaces {{name}}, §name§ and {{expression}}. Inserted values are not searched again. Unknown
/// names stay as they are. Error: an expression could not be compiled or evaluated ("could not
/// evaluate helper expressions: ..."). At most 250 rounds.
Result<std::string> render(std::string_view text, const Names& names, Services& services);

/// False if \p text has no marker at all: then render() would return it unchanged.
bool has_markers(std::string_view text);

/// \p expression with {{name}} and §name§ inside its string literals replaced by the values,
/// escaped for the literal (dsl.md 4, 5.3): what a dsl matcher with markers compiles before it
/// evaluates.
std::string fill_literals(std::string_view expression, const Names& names);

/// The markers that are left and need a value (templates.md 2.5), for the check before sending:
/// the text between their braces, in order; empty when the text may go. Percent-encoded braces
/// count as braces.
std::vector<std::string> unresolved(std::string_view text);

}  // namespace m8::dsl
