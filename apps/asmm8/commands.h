/// The commands of asmm8, one file each.
#pragma once

#include <vector>

#include "cli/flag.h"

namespace m8::asmm8 {

cli::Command enum_command();
cli::Command permute_command();
cli::Command resolve_command();
/// domain add|list|enable|disable|remove
std::vector<cli::Command> domain_commands();
/// host list|diff
std::vector<cli::Command> host_commands();
cli::Command host_diff_command();

}  // namespace m8::asmm8
