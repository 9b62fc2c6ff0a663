/// Pulse: a worker's life in the store, and its eye on that of the others.
///
/// A worker counts a number up. Whoever sees another's stand still for long, by a clock of his own,
/// calls it dead; a neighbour whose process is gone is called dead at once. A worker that could not
/// count for a while believes that it was called dead: it drops its work and begins a new life, so
/// that nobody works twice at one thing. Times of day play no part.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "store/jobs.h"

namespace m8::fleet {

struct PulseOptions {
  int slots = 1;
  std::chrono::milliseconds every{1'000};
  std::chrono::milliseconds lost{8'000};   ///< without a beat for so long a worker gives itself up
  std::chrono::milliseconds dead{10'000};  ///< and others it; longer than lost
  std::string process;                     ///< own_process_name()
};

class Pulse {
 public:
  /// Called on the pulse's thread: everything under way is to be dropped.
  using Lost = std::function<void(const std::string& why)>;
  /// Called after each good beat.
  using Beat = std::function<void()>;

  /// \p jobs and \p clock are borrowed.
  Pulse(store::Jobs& jobs, PulseOptions options, Lost lost, Beat beat, Clock& clock);
  /// Says that the worker has gone.
  ~Pulse();
  /// The first beat. Errors of the store.
  Status begin();

  /// Its name in this life. Thread-safe.
  std::string name() const;
  void set_running(int running) { running_ = running; }

 private:
  void live(const std::stop_token& stop);
  Status step();
  Status be_born();
  Status look_at_others();
  void give_up(const std::string& why);

  struct Seen {
    std::int64_t beat = -1;
    SteadyTime since{};
  };

  store::Jobs& jobs_;
  const PulseOptions options_;
  const Lost lost_;
  const Beat beat_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::string name_;
  std::atomic<int> running_{0};
  SteadyTime last_good_{}, last_look_{};
  std::map<std::string, Seen> others_;
  std::jthread thread_;
};

}  // namespace m8::fleet
