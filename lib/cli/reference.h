/// References in values of the config file: `${VARIABLE}` and `file:PATH`.
///
/// Threads: plain functions, no state.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::cli {

/// Whether \p text holds a reference (or `$${`).
bool has_reference(std::string_view text);

/// What a value stands for.
struct Resolved {
  std::string text;
  std::string file;  ///< where it was read from, for file:PATH; else empty
};

/// \p text with its references resolved; a relative PATH starts at \p folder. kInvalidArgument
/// "variable X is not set" (an empty one counts as absent), "reference without end: ${X",
/// "file:PATH: no such file or directory", the latter also above 64 KiB.
Result<Resolved> resolve_references(const std::string& text, const std::string& folder);

}  // namespace m8::cli
