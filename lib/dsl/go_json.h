/// JSON as Go's encoding/json writes it (dsl.md 7.2, 7.3).
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace m8::dsl {

/// \p value with sorted keys, the last of equal keys; numbers through float64; < > & and U+2028/9
/// escaped.
std::string minified(const json::Value& value);

/// A JSON object read and written again: keys sorted, the last of equal keys wins, numbers through
/// float64, < > & and U+2028/9 escaped. kInvalidArgument unless \p text is one object.
Result<std::string> minified_object(std::string_view text);

/// Any JSON text with each level indented by \p indent; order and numbers stay as they are.
/// kInvalidArgument if it is no JSON.
Result<std::string> indented(std::string_view text, std::string_view indent);

}  // namespace m8::dsl
