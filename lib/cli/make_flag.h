/// Flags put together in one expression: common(detailed(valued("Input", ...), "..."))
///
/// Threads: plain functions, no state.
#pragma once

#include <string>
#include <vector>

#include "cli/flag.h"

namespace m8::cli {

/// A flag with a value; what is rarer is set by the functions below.
Flag valued(const char* section, std::string name, std::vector<std::string> aliases,
            std::string argument, std::string brief);
/// A flag without one.
Flag switched(const char* section, std::string name, std::vector<std::string> aliases,
              std::string brief);

Flag with_default(Flag flag, std::string initial, std::string unit = {});
/// One of \p choices, which the shell completes.
Flag chosen(Flag flag, std::vector<std::string> choices);
Flag typed(Flag flag, ValueType type);
/// Several values; commas split them unless \p literal.
Flag repeated(Flag flag, bool literal = false);
/// Its value is a file, which the shell completes.
Flag file_flag(Flag flag);
Flag secret(Flag flag);
/// Shown by --help.
Flag common(Flag flag);
Flag detailed(Flag flag, std::string detail);

}  // namespace m8::cli
