/// HostPace: how many templates may run on a host at once, by how long its answers take.
///
/// A host whose answers take much longer than they did is asked by fewer at a time, and by more
/// again once it is quick. One that is as slow when it is asked less is just slow, and is asked as
/// before: latency on the way or a slow page must not cost anything. Passive, without a clock; of
/// one thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace m8::scan {

class HostPace {
 public:
  using Time = std::chrono::microseconds;

  /// A request took \p took, to the answer's head or to its time-out, while \p running templates
  /// ran. True if fewer may run from now on.
  bool took(Time took, int running);
  /// Templates that may run at once: at least 1, at most \p most.
  int limit(int most) const { return limit_ == 0 || limit_ > most ? most : limit_; }
  /// What answers took when nothing was wrong, and what they took last (medians); 0: not known yet.
  Time usual() const { return usual_; }
  Time last() const { return last_; }

 private:
  bool look();
  bool slow(Time time) const;
  void take_as_usual(Time time);

  std::array<std::uint32_t, 32> window_{};  ///< microseconds
  std::size_t filled_ = 0;                  ///< of it
  int widest_ = 0;                          ///< templates that ran at once in this window
  int ignored_ = 0;                         ///< answers to come that belong to the limit before
  int limit_ = 0;                           ///< 0: none
  /// Grows each time that asking less was in vain: a host with quick and slow pages is not held up
  /// at each change between them.
  int patience_ = 1;
  Time usual_{0}, last_{0};
  Time before_{0};  ///< the median that made the limit what it is; 0: it was not lowered last
};

}  // namespace m8::scan
