/// What kind of thing an output is.
///
/// Threads: plain functions, no state.
#pragma once

#include "cli/flag.h"

namespace m8::cli {

/// True if \p fd is a terminal.
bool is_terminal(int fd);

/// Colours on \p fd: a terminal, and neither --no-color nor NO_COLOR.
bool use_colour(const Values& flags, int fd);

}  // namespace m8::cli
