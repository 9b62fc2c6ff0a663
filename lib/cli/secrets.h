/// Secrets on the command line: what of the arguments may be kept, shown and logged.
///
/// They belong into the environment or files; where one is given as an argument all the same, it is
/// masked here, once, before anything sees the arguments that could keep them.
///
/// Threads: plain functions, no state.
#pragma once

#include <string>
#include <vector>

#include "cli/flag.h"

namespace m8::cli {

/// \p arguments (argv without argv[0]) for the record of a run: as they are, but with "***" in
/// place of each value of a secret flag, of passwords in URLs, and of the values of headers,
/// variables and query parameters whose name says that they are secret ("Authorization: ***",
/// "api_key=***"). \p flags are all flags of the command. O(bytes).
std::vector<std::string> without_secrets(const std::vector<Flag>& flags,
                                         const std::vector<std::string>& arguments);

/// Whether a header, variable or parameter of that name holds a secret: "X-API-Key", "passwd",
/// "accessToken".
bool names_secret(std::string_view name);

}  // namespace m8::cli
