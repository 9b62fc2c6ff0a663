/// RateLimiter: token buckets, one for all and one per key (host).
///
/// It never sleeps: it says when the caller may go, so that event loops and threads use the same
/// thing. Thread-safe; keys unused for a minute are forgotten.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/hash.h"
#include "base/result.h"

namespace m8::net {

/// Events per second; 0 is unlimited.
struct Rate {
  double per_second = 0;
  /// "150", "150/s", "4/m", "1000/h"; a bare number is per second. kInvalidArgument else.
  static Result<Rate> parse(std::string_view text);
  bool unlimited() const { return per_second <= 0; }
};

class RateLimiter {
 public:
  struct Options {
    Rate global;   ///< over everything; default unlimited
    Rate per_key;  ///< per host; default unlimited
    double burst_seconds =
        0.1;  ///< how much unused rate may be saved up, in seconds' worth (at least one event)
  };
  RateLimiter(Options options, Clock& clock);

  /// Takes one event for \p key and returns the moment from which it may happen (now or later).
  /// The reservation stands: the caller must wait until then, then act.
  SteadyTime reserve(std::string_view key);
  /// Slows \p key down to \p factor (0..1) of its rate from now on; each second gives 10 % of the
  /// full rate back. The full rate is per_key, else global; without either nothing can be slowed.
  void slow_down(std::string_view key, double factor);

 private:
  struct Bucket {
    SteadyTime next{};  ///< when the next event is due
    double factor = 1;
    SteadyTime adjusted{};
  };
  struct State {
    Bucket global;
    std::unordered_map<std::string, Bucket, SeededHash, std::equal_to<>> keys;
    SteadyTime swept{};
  };
  static double factor_at(const Bucket& bucket, SteadyTime now);
  SteadyTime take(Bucket& bucket, double per_second, SteadyTime now) const;
  double key_rate() const;
  static void sweep(State& state, SteadyTime now);

  const Options options_;
  Clock& clock_;
  Guarded<State> state_;
};

}  // namespace m8::net
