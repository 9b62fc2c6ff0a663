/// --help and --help-all, written from the records for 80 columns.
///
/// Threads: plain functions, no state.
#pragma once

#include <string>

#include "cli/flag.h"

namespace m8::cli {

/// The program's commands, those whose names begin with \p group only ("domain"; empty = all).
std::string help(const Program& program, const std::string& group = {});

/// A command's flags: the common ones, or with \p all everything.
std::string help(const Program& program, const Command& command, bool all);

/// All names of a flag and its argument: "-rl, --rate-limit N".
std::string spell(const Flag& flag);

/// What help and man add to the brief: "[150 requests/s]", "[one of a, b]"; may be empty.
std::string remark(const Flag& flag);

}  // namespace m8::cli
