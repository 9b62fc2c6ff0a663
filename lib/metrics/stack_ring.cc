#include "metrics/stack_ring.h"

#include <algorithm>

#include <execinfo.h>

namespace m8::metrics {

StackRing::StackRing() {
  void* warm[2];
  (void)::backtrace(warm, 2);
}

[[gnu::noinline]] void StackRing::put(std::uint64_t weight) noexcept {
  Slot& slot = slots_[next_.fetch_add(1, std::memory_order_relaxed) % kSlots];
  int empty = 0;
  if (!slot.depth.compare_exchange_strong(empty, -1, std::memory_order_acquire)) {
    lost_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const int depth = ::backtrace(slot.frames.data(), kDepth);
  slot.weight = weight;
  slot.depth.store(std::max(depth, 0), std::memory_order_release);
}

void StackRing::drain(const std::function<void(std::span<void* const>, std::uint64_t)>& take) {
  for (Slot& slot : slots_) {
    const int depth = slot.depth.load(std::memory_order_acquire);
    if (depth <= 0) continue;
    take(std::span<void* const>(slot.frames.data(), static_cast<std::size_t>(depth)), slot.weight);
    slot.depth.store(0, std::memory_order_release);
  }
}

}  // namespace m8::metrics
