#include "dns/inflight.h"

#include <algorithm>

#include "base/hash.h"

namespace m8::dns {

InflightTable::InflightTable(std::size_t capacity, SteadyTime start)
    : slots_(std::clamp<std::size_t>(capacity, 1, kMaxCapacity)),
      by_id_(65536, kNone),
      start_(start) {
  buckets_.fill(kNone);
  // Low slots first: a small number in flight stays in few cache lines.
  for (std::size_t i = slots_.size(); i-- > 0;) {
    slots_[i].next = free_;
    free_ = static_cast<Index>(i);
  }
}

std::uint16_t InflightTable::draw_id() {
  for (;;) {
    if (random_left_ == 0) {
      random_bytes(random_ids_.data(), sizeof(random_ids_));
      random_left_ = random_ids_.size();
    }
    const std::uint16_t id = random_ids_[--random_left_];
    if (by_id_[id] == kNone) return id;
  }
}

InflightTable::Index InflightTable::take() {
  if (free_ == kNone) return kNone;
  const Index index = free_;
  Slot& slot = slots_[index];
  free_ = slot.next;
  ++used_;
  slot.next = slot.previous = kNone;
  slot.armed = false;
  slot.attempts = 0;
  slot.hurried = 0;
  slot.internal = slot.confirm = false;
  slot.not_of = slot.nor_of = 0xffff;
  slot.state = State::kWaitingToSend;
  slot.id = draw_id();
  by_id_[slot.id] = index;
  return index;
}

void InflightTable::release(Index index) {
  Slot& slot = slots_[index];
  disarm(index);
  by_id_[slot.id] = kNone;
  slot.state = State::kFree;
  slot.next = free_;
  free_ = index;
  --used_;
}

void InflightTable::renew_id(Index index) {
  Slot& slot = slots_[index];
  const std::uint16_t id = draw_id();  // before the old one is free: never the same again
  by_id_[slot.id] = kNone;
  slot.id = id;
  by_id_[id] = index;
  set_id(slot.query, id);
}

std::uint64_t InflightTable::tick_of(SteadyTime when) const {
  if (when <= start_) return 0;
  return static_cast<std::uint64_t>((when - start_) / kTick);
}

void InflightTable::arm(Index index, SteadyTime when) {
  disarm(index);
  // Up, and never in the tick that next_overdue() is walking through.
  slots_[index].due_tick = std::max(tick_of(when) + 1, current_tick_ + 1);
  link(index);
}

void InflightTable::disarm(Index index) {
  if (slots_[index].armed) unlink(index);
}

void InflightTable::link(Index index) {
  Slot& slot = slots_[index];
  Index& head = buckets_[slot.due_tick % kBuckets];
  slot.previous = kNone;
  slot.next = head;
  if (head != kNone) slots_[head].previous = index;
  head = index;
  slot.armed = true;
  ++armed_;
}

void InflightTable::unlink(Index index) {
  Slot& slot = slots_[index];
  if (cursor_ == index) cursor_ = slot.next;
  if (slot.previous != kNone) {
    slots_[slot.previous].next = slot.next;
  } else {
    buckets_[slot.due_tick % kBuckets] = slot.next;
  }
  if (slot.next != kNone) slots_[slot.next].previous = slot.previous;
  slot.previous = slot.next = kNone;
  slot.armed = false;
  --armed_;
}

InflightTable::Index InflightTable::next_overdue(SteadyTime now) {
  const std::uint64_t target = tick_of(now);
  for (;;) {
    while (cursor_ != kNone) {
      const Index index = cursor_;
      cursor_ = slots_[index].next;
      if (slots_[index].due_tick > current_tick_) continue;  // of a later round
      unlink(index);
      return index;
    }
    if (current_tick_ >= target) return kNone;
    // One round of the wheel passes every bucket: after a long sleep no more than that is walked.
    if (armed_ == 0) {
      current_tick_ = target;
      return kNone;
    }
    current_tick_ = std::max(current_tick_ + 1, target > kBuckets ? target - kBuckets + 1 : 0);
    cursor_ = buckets_[current_tick_ % kBuckets];
  }
}

}  // namespace m8::dns
