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

/// The markers that are left and need a value (templates.md 2.5), for the check before sending:
/// empty when the text may go. Percent-encoded braces count as braces.
std::vector<std::string> unresolved(std::string_view text);

}  // namespace m8::dsl
