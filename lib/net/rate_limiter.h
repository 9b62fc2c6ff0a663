/// RateLimiter: token buckets, one for all and one per key (host), and pacing: a key that struggles
/// is asked more slowly until it recovers.
///
/// It never sleeps: it says when the caller may go, so that event loops and threads use the same
/// thing. Thread-safe; keys unused for a minute are forgotten.
#pragma once

#include <atomic>
#include <cstdint>
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
    double unlimited_means = 150;  ///< events/s that a key is slowed down from without any rate
  };
  RateLimiter(Options options, Clock& clock);

  /// Takes one event for \p key and returns the moment from which it may happen (now or later).
  /// The reservation stands: the caller must wait until then, then act.
  SteadyTime reserve(std::string_view key);
  /// Slows \p key down to \p factor (0..1) of its rate from now on; each second gives 10 % of the
  /// full rate back. The full rate is per_key, else global, else Options::unlimited_means.
  void slow_down(std::string_view key, double factor);
  /// Nothing more for \p key before \p until.
  void hold(std::string_view key, SteadyTime until);

  /// A reset or a time-out of \p key: the second in a row, and each one after it, halves its rate,
  /// at most once a second.
  void struggled(std::string_view key);
  /// \p key asked to be spared (429): halves its rate, at most once a second.
  void overran(std::string_view key);
  /// \p key has answered. Costs next to nothing while no key struggles.
  void answered(std::string_view key);
  /// How often a rate was halved.
  std::uint64_t slowdowns() const { return slowdowns_.load(std::memory_order_relaxed); }

 private:
  struct Bucket {
    SteadyTime next{};  ///< when the next event is due
    double factor = 1;
    SteadyTime adjusted{};
    int errors = 0;        ///< in a row
    SteadyTime touched{};  ///< when the last of them came
  };
  struct State {
    Bucket global;
    std::unordered_map<std::string, Bucket, SeededHash, std::equal_to<>> keys;
    SteadyTime swept{};
  };
  static double factor_at(const Bucket& bucket, SteadyTime now);
  SteadyTime take(Bucket& bucket, double per_second, SteadyTime now) const;
  SteadyTime take_of_key(Bucket& bucket, SteadyTime now) const;
  Bucket* bucket_of(State& state, std::string_view key);
  void halve(Bucket& bucket, SteadyTime now);
  double key_rate() const;
  void sweep(State& state, SteadyTime now);

  const Options options_;
  Clock& clock_;
  Guarded<State> state_;
  std::atomic<bool> troubled_{false};  ///< some key was slowed down, held, or struggles
  std::atomic<std::uint64_t> slowdowns_{0};
};

}  // namespace m8::net
