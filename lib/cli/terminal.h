/// What kind of thing an output is.
///
/// Threads: plain functions, no state.
#pragma once

#include <cstddef>

#include "cli/flag.h"

namespace m8::cli {

/// Gives a process that was started with stdin, stdout or stderr closed an empty one instead, so
/// that no file of ours is opened in their place and written to as if it were the terminal.
void open_standard_streams();

/// True if \p fd is a terminal.
bool is_terminal(int fd);

struct TerminalSize {
  std::size_t columns = 80, rows = 24;
};
/// Of the terminal \p fd; 80 x 24 if it does not say.
TerminalSize terminal_size(int fd);

/// Colours on \p fd: a terminal, and neither --no-color nor NO_COLOR.
bool use_colour(const Values& flags, int fd);

}  // namespace m8::cli
