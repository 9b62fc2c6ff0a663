/// The commands of asmm8, one file each.
#pragma once

#include "cli/flag.h"

namespace m8::asmm8 {

cli::Command enum_command();
cli::Command resolve_command();

}  // namespace m8::asmm8
