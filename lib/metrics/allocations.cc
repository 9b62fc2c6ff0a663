#include "metrics/allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<int> g_counting{0};
std::atomic<std::uint64_t> g_count{0}, g_bytes{0};
std::atomic<m8::metrics::StackRing*> g_ring{nullptr};

}  // namespace

#ifndef M8_SANITIZED

namespace {

/// Below kAllocationSample: asked for since this thread's last stack.
constinit thread_local std::int64_t t_since = 0;

[[gnu::noinline]] void note(std::size_t size) noexcept {
  g_count.fetch_add(1, std::memory_order_relaxed);
  g_bytes.fetch_add(size, std::memory_order_relaxed);
  t_since += static_cast<std::int64_t>(size);
  if (t_since < m8::metrics::kAllocationSample) return;
  const auto weight = static_cast<std::uint64_t>(t_since);
  t_since = 0;
  if (auto* ring = g_ring.load(std::memory_order_acquire)) ring->put(weight);
}

}  // namespace

// The other forms of the standard library end here. An exception is what its
// contract asks for.
void* operator new(std::size_t size) {
  if (g_counting.load(std::memory_order_relaxed) != 0) [[unlikely]]
    note(size);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

#endif

namespace m8::metrics {

Allocations allocations() {
  return {g_count.load(std::memory_order_relaxed), g_bytes.load(std::memory_order_relaxed)};
}

AllocationCounting::AllocationCounting() { g_counting.fetch_add(1, std::memory_order_relaxed); }
AllocationCounting::~AllocationCounting() { g_counting.fetch_sub(1, std::memory_order_relaxed); }

void sample_allocations(StackRing* ring) { g_ring.store(ring, std::memory_order_release); }

}  // namespace m8::metrics
