/// The config file: YAML whose keys are flag names (long names or aliases, without dashes), and the
/// sections of the settings that programs share.
///
///     no-color: true            # every command that has the flag
///     store: {max_open: 25}     # settings: flags with a key, here --store-max-open
///     http: {breaker: {max_failures: 3}}
///     enum: {threads: 5}        # one command of the program that reads the file
///     num8:                     # one program, when several share the file
///       rate-limit: 50
///       scan: {severity: [high, critical]}
///
/// A map in a map is the same as a key with a dot, at every depth: `num8.scan.severity: high`,
/// `http: {breaker.max_failures: 3}`. An inner section wins over an outer one. Programs do not know
/// each other's flags, so each skips the sections of the others, and sections of settings that none
/// of its commands has.
///
/// `${VARIABLE}` in a value stands for the variable (`$${` for itself), and a value `file:PATH` for
/// the text in that file, relative to the config file, without its last line break. Both are read
/// only if the command that runs has the flag.
///
/// Threads: plain functions, no state.
#pragma once

#include <string>
#include <vector>

#include "cli/flag_values.h"

namespace m8::cli {

/// $XDG_CONFIG_HOME/m8/config.yaml, else ~/.config/m8/config.yaml, whether or not it exists; empty
/// if neither variable is set.
std::string config_path();

/// config_path() if there is a file, else empty.
std::string default_config_path();

/// One thing that is wrong with a config file.
struct ConfigProblem {
  int line = 0;         ///< 0: the file as a whole
  std::string message;  ///< "FILE:LINE: KEY: reason"
  bool unknown_key = false;
};

/// What reading a config file for one command told.
struct ConfigReport {
  std::vector<ConfigProblem> problems;  ///< by line; empty if the file is good
  std::vector<std::string> warnings;    ///< secrets in files that everybody may read
};

/// Sets what the file at \p path says for \p command, whose flags are \p flags, and goes on after a
/// problem: YAML that is broken, unknown keys, duplicates, bad values, references to what is not
/// there; also a file that can't be read, for that is bad configuration.
ConfigReport apply_config(const std::string& path, const Program& program, const Command& command,
                          const std::vector<Flag>& flags, FlagValues& values);

/// Problems of the file for any command of \p programs, each told once, by line.
ConfigReport check_config(const std::string& path, const std::vector<Program>& programs);

}  // namespace m8::cli
