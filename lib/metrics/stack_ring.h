/// StackRing: call stacks, each with a weight, put in by threads and signal handlers and taken out
/// by one collector. What comes while it is full is counted and lost.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace m8::metrics {

class StackRing {
 public:
  static constexpr int kDepth = 64;
  /// For half a second of 80 cores.
  static constexpr std::size_t kSlots = 4096;

  /// Loads the unwinder, so that put() need not.
  StackRing();

  /// Adds the stack of the caller, innermost first: put() itself is its first frame. Asks for no
  /// memory and takes no lock, so a signal handler may call it. Some microseconds.
  void put(std::uint64_t weight) noexcept;
  /// Gives each stack to \p take and forgets it. One thread at a time.
  void drain(const std::function<void(std::span<void* const>, std::uint64_t)>& take);
  /// Stacks that found no room.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  struct Slot {
    std::atomic<int> depth{0};  ///< 0: empty, -1: being written
    std::uint64_t weight = 0;
    std::array<void*, kDepth> frames;
  };
  std::array<Slot, kSlots> slots_;
  std::atomic<std::uint64_t> next_{0}, lost_{0};
};

}  // namespace m8::metrics
