/// The config file: YAML whose keys are flag names (long names or aliases, without dashes).
///
///     no-color: true            # every command that has the flag
///     enum: {threads: 5}        # one command of the program that reads the file
///     num8:                     # one program, when several share the file
///       rate-limit: 50
///       scan: {severity: [high, critical]}
///
/// An inner section wins over an outer one. Programs do not know each other's flags, so each skips
/// the sections of the others.
///
/// Threads: plain functions, no state.
#pragma once

#include <string>

#include "cli/flag_values.h"

namespace m8::cli {

/// $XDG_CONFIG_HOME/m8/config.yaml, else ~/.config/m8/config.yaml; empty if it doesn't exist.
std::string default_config_path();

/// Sets what the file at \p path says for \p command, whose flags are \p flags. kInvalidArgument
/// "FILE:LINE: ..." for YAML that is broken, unknown keys and bad values; also when the file can't
/// be read, for that is bad configuration.
Status apply_config(const std::string& path, const Program& program, const Command& command,
                    const std::vector<Flag>& flags, FlagValues& values);

}  // namespace m8::cli
