/// Byte searching for word and binary matchers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/search.h"

namespace m8::operators {

/// True if \p needle occurs in \p text. O(text).
bool contains(std::string_view text, std::string_view needle);

/// The same with ASCII letters folded; \p lower_needle is lower case already.
bool contains_folded(std::string_view text, std::string_view lower_needle);

/// ASCII letters to lower case.
std::string to_lower(std::string_view text);

}  // namespace m8::operators
