/// SendWindow: how many queries one resolver may hold at a time.
///
/// Starts small and doubles while that makes answers come faster (after BBR's start-up), so that a
/// burst never overruns the resolver's socket buffer; afterwards it creeps up while nothing is
/// lost, and falls by a third when more than a tenth of the queries time out. A few time-outs
/// shrink nothing: names with dead authorities are common. Plain value, one thread.
#pragma once

#include <cstddef>

#include "base/clock.h"

namespace m8::dns {

class SendWindow {
 public:
  static constexpr std::size_t kStart = 32;
  static constexpr std::size_t kMin = 4;

  /// \p most: the bound, at least 1.
  SendWindow(std::size_t most, SteadyTime now);

  std::size_t size() const { return size_; }

  /// An answer came. \p in_flight: what this resolver held before it came; a window that is not
  /// used does not grow.
  void answered(std::size_t in_flight, SteadyTime now);
  /// A query timed out.
  void lost(SteadyTime now);
  /// Down to the smallest window: what follows shows whether the resolver is back.
  void restart(SteadyTime now);

 private:
  void outcome(SteadyTime now);
  void start_up(double rate);
  void creep(SteadyTime now);
  void set(std::size_t size);

  std::size_t most_;
  std::size_t size_;
  bool starting_ = true;
  int flat_rounds_ = 0;  ///< rounds of start-up that brought no more speed
  double best_rate_ = 0;
  std::size_t answered_ = 0, lost_ = 0, peak_ = 0;  ///< of this round
  SteadyTime round_start_;
  SteadyTime last_growth_;
};

}  // namespace m8::dns
