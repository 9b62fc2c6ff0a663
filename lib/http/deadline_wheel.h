/// DeadlineWheel: many deadlines of which nearly all are called off before they are due.
///
/// Arming and calling off cost a few instructions and never allocate: a node is a link in the list
/// of the slot in which it falls due. Coarse (kTick). One thread.
#pragma once

#include <array>
#include <cstddef>

#include "base/clock.h"

namespace m8::http {

class DeadlineWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{20};

  /// Inherit from it. Must be disarmed before it goes.
  struct Node {
    Node* previous = nullptr;
    Node* next = nullptr;
    SteadyTime due{};
    bool armed() const { return previous != nullptr; }
  };

  explicit DeadlineWheel(SteadyTime now) : served_(tick_of(now)) {
    for (Node& slot : slots_) slot.previous = slot.next = &slot;
  }
  DeadlineWheel(const DeadlineWheel&) = delete;
  DeadlineWheel& operator=(const DeadlineWheel&) = delete;

  /// Replaces the node's earlier deadline.
  void arm(Node& node, SteadyTime due) {
    disarm(node);
    node.due = due;
    const long long tick = tick_of(due);
    Node& slot = slots_[static_cast<std::size_t>(tick > served_ ? tick : served_ + 1) % kSlots];
    node.previous = slot.previous;
    node.next = &slot;
    slot.previous->next = &node;
    slot.previous = &node;
    ++armed_;
  }
  void disarm(Node& node) {
    if (!node.armed()) return;
    node.previous->next = node.next;
    node.next->previous = node.previous;
    node.previous = node.next = nullptr;
    --armed_;
  }
  /// Disarms each node that was due a tick ago and passes it to \p expired, which may arm and
  /// disarm.
  template <typename Expired>
  void advance(SteadyTime now, Expired expired) {
    const long long until = tick_of(now) - 1;
    if (until - served_ > static_cast<long long>(kSlots)) served_ = until - kSlots;
    while (served_ < until) {
      ++served_;
      serve(slots_[static_cast<std::size_t>(served_) % kSlots], now, expired);
    }
  }
  std::size_t armed() const { return armed_; }

 private:
  static constexpr std::size_t kSlots = 512;
  static long long tick_of(SteadyTime time) { return time.time_since_epoch() / kTick; }

  /// Nodes of a later turn of the wheel stay. What \p expired touches may be any node of the slot,
  /// so the walk begins anew after each call.
  template <typename Expired>
  void serve(Node& slot, SteadyTime now, Expired& expired) {
    Node* node = slot.next;
    while (node != &slot) {
      if (node->due > now) {
        node = node->next;
        continue;
      }
      disarm(*node);
      expired(*node);
      node = slot.next;
    }
  }

  std::array<Node, kSlots> slots_;
  long long served_;
  std::size_t armed_ = 0;
};

}  // namespace m8::http
