/// The program m8: its name and commands.
#pragma once

#include "cli/flag.h"

namespace m8::app {

cli::Program program();

}  // namespace m8::app
