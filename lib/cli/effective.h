/// The values that a command would run with, and the config file that would make them.
///
/// Threads: plain functions, no state.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/flag_values.h"

namespace m8::cli {

/// A command of a program with its flags and their values; nothing was run.
struct Effective {
  const Command* command = nullptr;  ///< borrowed from the program
  std::vector<Flag> flags;
  std::unique_ptr<FlagValues> values;  ///< borrows from `flags`
  std::vector<std::string> warnings;   ///< secrets in files that everybody may read
};

/// What `PROGRAM arguments...` would run with: config file, environment and \p arguments, the first
/// of which name the command. kInvalidArgument as when it is run. Implemented in cli/flag_set.cc.
Result<Effective> effective(const Program& program, const std::vector<std::string>& arguments);

/// A value as people may see it: commas between several, secrets and passwords as "***".
std::string shown_value(const Flag& flag, const FlagValues& values);

/// "default", "config", "environment", "flag".
const char* to_string(Origin origin);

/// A config file with every key of \p programs in its place, each commented out with its default
/// (or the name of its argument if it has none), below one line of what it is.
std::string config_template(const std::vector<Program>& programs);

}  // namespace m8::cli
