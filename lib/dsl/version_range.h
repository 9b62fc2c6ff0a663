/// Versions and constraints on them (dsl.md 7.8).
#pragma once

#include <string_view>

#include "base/result.h"

namespace m8::dsl {

/// True if \p version meets every one of the comma-separated \p constraints (">= 1.2", "~> 2.0").
/// kInvalidArgument: a message that starts with "error parsing argument value" for a bad version,
/// or that contains "alformed constraint".
Result<bool> version_matches(std::string_view version, std::string_view constraints);

}  // namespace m8::dsl
