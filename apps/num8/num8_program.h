/// The program num8: its name and commands. m8 knows it too, for `m8 config`.
#pragma once

#include "cli/flag.h"

namespace m8::num8 {

cli::Program program();

}  // namespace m8::num8
