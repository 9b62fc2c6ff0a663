/// Allocations: how often and for how much this program asked for memory. operator new is replaced
/// in every program; while nobody counts, that costs it one branch.
///
/// What C libraries ask malloc() for is not in it, nor what has an alignment of its own.
#pragma once

#include <cstdint>

#include "metrics/stack_ring.h"

namespace m8::metrics {

struct Allocations {
  std::uint64_t count = 0, bytes = 0;
};

/// What all threads asked for while somebody counted.
Allocations allocations();

/// Counts while it lives; several may. Under a sanitizer, which has allocators of its own, nothing
/// is counted.
class AllocationCounting {
 public:
  AllocationCounting();
  ~AllocationCounting();
  AllocationCounting(const AllocationCounting&) = delete;
  AllocationCounting& operator=(const AllocationCounting&) = delete;
};

/// Bytes that a thread asks for between two stacks.
inline constexpr std::int64_t kAllocationSample = 128 << 10;

/// From now on each kAllocationSample bytes that a thread asks for put a stack into \p ring, which
/// weighs as much as was asked for since the one before; null ends it. Only while somebody counts.
/// \p ring has to live for good: a thread may be about to use it.
void sample_allocations(StackRing* ring);

}  // namespace m8::metrics
