/// InflightTable: the queries that wait for an answer, in memory taken once.
///
/// A slot holds one query as it goes on the wire, so that sending it again costs nothing. Ids are
/// unique over the whole table and drawn from the kernel's randomness (RFC 5452 9.2), a timer wheel
/// says which slots are overdue. No call allocates after construction. One thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "dns/wire.h"

namespace m8::dns {

class InflightTable {
 public:
  /// More in flight than this would leave too few free ids to draw from.
  static constexpr std::size_t kMaxCapacity = 32768;
  using Index = std::uint32_t;
  static constexpr Index kNone = 0xffffffff;

  enum class State : std::uint8_t {
    kFree,
    kWaitingToSend,  ///< in a send queue, or waiting for an upstream with room
    kSent,           ///< over UDP, the timer runs
    kTcp,            ///< truncated over UDP, asked again over TCP
    kParked,         ///< waits for its zone's turn under a rate
    kHeld,           ///< answered; the answer waits for its resolver to be checked
  };

  struct Slot {
    std::uint64_t token = 0;  ///< the asker's
    std::uint64_t due_tick = 0;
    Index previous = kNone, next = kNone;  ///< in a bucket of the wheel, or in the free list
    std::uint16_t id = 0;
    std::uint16_t query_size = 0;
    std::uint16_t upstream = 0;
    std::uint8_t attempts = 0;  ///< made so far
    std::uint8_t hurried = 0;   ///< so often asked again early, elsewhere, without counting that
    bool internal = false;      ///< a canary: nobody waits for it
    bool confirm = false;       ///< a trusted resolver has the last word
    /// Resolvers that are not asked: they spoke before. 0xffff: none.
    std::uint16_t not_of = 0xffff, nor_of = 0xffff;
    SteadyTime sent{};
    State state = State::kFree;
    bool armed = false;
    std::array<std::byte, kMaxQueryBytes> query;

    Bytes query_bytes() const { return {query.data(), query_size}; }
  };

  /// \p capacity 1..kMaxCapacity slots; \p start is the present.
  InflightTable(std::size_t capacity, SteadyTime start);

  std::size_t capacity() const { return slots_.size(); }
  std::size_t used() const { return used_; }
  std::size_t available() const { return slots_.size() - used_; }

  /// A free slot, with an id of its own; kNone if there is none.
  Index take();
  /// Gives a slot back: disarmed, its id unknown from now on.
  void release(Index index);
  Slot& operator[](Index index) { return slots_[index]; }

  /// A new id for the slot, also in its query: an answer to the old one comes too late.
  void renew_id(Index index);
  /// The slot with this id; kNone if no query bears it.
  Index find(std::uint16_t id) const { return by_id_[id]; }

  /// Overdue at \p when, rounded up to the wheel's tick. Replaces an earlier time.
  void arm(Index index, SteadyTime when);
  void disarm(Index index);
  /// Takes one slot that is overdue at \p now off the wheel; kNone when there are no more.
  Index next_overdue(SteadyTime now);

  /// The resolution of arm().
  static constexpr std::chrono::milliseconds kTick{4};

 private:
  static constexpr std::size_t kBuckets = 1024;  // 4 s; what is due later goes round again

  std::uint64_t tick_of(SteadyTime when) const;
  std::uint16_t draw_id();
  void link(Index index);
  void unlink(Index index);

  std::vector<Slot> slots_;
  std::vector<Index> by_id_;
  std::array<Index, kBuckets> buckets_;
  Index free_ = kNone;
  std::size_t used_ = 0;
  std::size_t armed_ = 0;
  SteadyTime start_;
  std::uint64_t current_tick_ = 0;
  Index cursor_ = kNone;  ///< next slot to look at in the current bucket
  std::array<std::uint16_t, 2048> random_ids_;
  std::size_t random_left_ = 0;
};

}  // namespace m8::dns
