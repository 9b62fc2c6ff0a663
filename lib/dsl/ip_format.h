/// The eleven ways in which a filter may be shown an address (dsl.md 7.4).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::dsl {

/// \p format 1..11. kInvalidArgument "no formatted IP returned" or for what is no address.
Result<std::string> format_ip(std::string_view text, int format);

}  // namespace m8::dsl
