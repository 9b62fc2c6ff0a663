/// CircuitBreaker: leaves a host alone that keeps failing, and asks it again by one trial.
///
/// closed: calls pass, and so many failures in a row open it. open: calls fail at once until the
/// reset time has passed. half-open: one trial passes, the others still fail; its success closes,
/// its failure opens anew. For services only: a target's errors are its answer.
///
/// Thread-safe. Remembers hosts with failures only, and no more than a bound.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/hash.h"
#include "base/result.h"

namespace m8::net {

class CircuitBreaker {
 public:
  enum class State { kClosed, kOpen, kHalfOpen };
  struct Options {
    int max_failures = 5;  ///< in a row; 0 never opens
    std::chrono::milliseconds reset_timeout{30'000};
    std::size_t max_hosts = 10'000;  ///< remembered; above it the one that failed longest ago goes
  };
  /// What is known of one host.
  struct Host {
    std::string host;
    State state = State::kClosed;
    int failures = 0;                       ///< in a row
    std::chrono::milliseconds retry_in{0};  ///< until a trial may pass; 0 unless open
  };

  CircuitBreaker(Options options, Clock& clock) : options_(options), clock_(clock) {}

  /// Lets one call to \p host pass, or kNetwork "circuit breaker is open: HOST, retry in N s".
  /// After a call that passed exactly one of succeeded(), failed(), abandoned() is owed.
  Status enter(std::string_view host);
  void succeeded(std::string_view host);
  void failed(std::string_view host);
  /// It came to no result that says anything about the host (cancelled).
  void abandoned(std::string_view host);

  State state(std::string_view host);
  /// Hosts with failures, in no order.
  std::vector<Host> hosts();
  std::uint64_t opened() const { return opened_.load(std::memory_order_relaxed); }
  /// Calls that were not let pass.
  std::uint64_t rejected() const { return rejected_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    State state = State::kClosed;
    int failures = 0;
    SteadyTime since{};  ///< of the last failure
    bool trial = false;  ///< under kHalfOpen: it is under way
  };
  using Table = std::unordered_map<std::string, Entry, SeededHash, std::equal_to<>>;
  void make_room(Table& table) const;
  Error rejection(std::string_view host, SteadyTime now, const Entry& entry) const;

  const Options options_;
  Clock& clock_;
  Guarded<Table> table_;
  std::atomic<std::uint64_t> opened_{0}, rejected_{0};
};

/// "closed", "open", "half-open".
const char* to_string(CircuitBreaker::State state);

}  // namespace m8::net
