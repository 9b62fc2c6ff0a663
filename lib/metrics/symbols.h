/// Symbols: names of addresses in this program and its libraries, for profiles.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace m8::metrics {

class Symbols {
 public:
  /// Reads the symbol table of the running program; without one (stripped) only what its libraries
  /// export has names. Some milliseconds.
  Symbols();

  /// "m8::http::TargetLoop::read", without parameters and template arguments; "libc.so.6" for what
  /// has no name, "?" for what belongs to nothing.
  std::string name(const void* address) const;

 private:
  struct Function {
    std::uintptr_t begin, end;
    std::string name;  ///< as the linker has it
  };
  std::vector<Function> functions_;  ///< by address
};

/// A demangled name without parameters and template arguments, blanks and ';' replaced.
std::string short_name(std::string_view demangled);

}  // namespace m8::metrics
