#include "cli/terminal.h"

#include <unistd.h>

namespace m8::cli {

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

bool use_colour(const Values& flags, int fd) { return is_terminal(fd) && !flags.on("no-color"); }

}  // namespace m8::cli
