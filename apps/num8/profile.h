/// What comes from the templates folder besides templates: profiles (-tp) and the list of new
/// templates (-nt).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/flag.h"

namespace m8::num8 {

/// Their records.
std::vector<cli::Flag> profile_flags();

/// The file that --profile names: with an extension a path (here, else below ROOT/profiles), else
/// the name of a file below ROOT/profiles. Empty without the flag; kInvalidArgument if there is
/// none.
Result<std::string> profile_path(const cli::Values& flags);

/// The paths in ROOT/.new-additions; kNotFound without that file.
Result<std::vector<std::string>> new_templates(const std::string& root);

}  // namespace m8::num8
