/// The environment, read by cli/ and the programs only: the rest of the library is told.
#pragma once

#include <cstdlib>
#include <string>

namespace m8::cli {

/// Value of the variable \p name, empty if it is not set.
inline std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

/// Where this user's data lie (XDG base directories): $XDG_DATA_HOME if it is an absolute path,
/// else $HOME/.local/share.
inline std::string data_home() {
  const std::string chosen = environment("XDG_DATA_HOME");
  return chosen.starts_with('/') ? chosen : environment("HOME") + "/.local/share";
}

/// Where what can be made again is kept: $XDG_CACHE_HOME if it is an absolute path, else
/// $HOME/.cache; empty if neither is set.
inline std::string cache_home() {
  const std::string chosen = environment("XDG_CACHE_HOME"), home = environment("HOME");
  return chosen.starts_with('/') ? chosen : home.empty() ? home : home + "/.cache";
}

}  // namespace m8::cli
