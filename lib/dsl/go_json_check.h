/// Whether a text is JSON, with the words of Go's encoding/json when it is not.
#pragma once

#include <string_view>

#include "base/result.h"

namespace m8::dsl {

/// kInvalidArgument "unexpected end of JSON input", "invalid character '}' looking for beginning of
/// value" and so on; the white space around the value is fine.
Status check_go_json(std::string_view text);

}  // namespace m8::dsl
