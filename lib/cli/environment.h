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

}  // namespace m8::cli
