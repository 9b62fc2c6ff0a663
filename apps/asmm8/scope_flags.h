/// --scope and --exclude.
#pragma once

#include <vector>

#include "cli/flag.h"
#include "net/scope.h"

namespace m8::asmm8 {

std::vector<cli::Flag> scope_flags();
/// kInvalidArgument; errors of the scope file.
Result<net::Scope> scope_of(const cli::Values& flags);

}  // namespace m8::asmm8
