/// How often this program asked for memory: operator new is replaced in
/// programs that link this.
#pragma once

#include <cstdint>

namespace m8::bench {

/// Calls of operator new so far, by all threads. What C libraries ask for is
/// not in it.
std::uint64_t allocations();

}  // namespace m8::bench
