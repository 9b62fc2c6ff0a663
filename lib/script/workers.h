/// Workers: threads on which programs run, each with an engine of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "script/engine.h"

namespace m8::script {

/// The first engine begins with the first job, each further one only for a job that has waited: a
/// start takes longer than most programs. Thread-safe.
class Workers {
 public:
  /// Must not throw. May wait; waits of its own must end when what it works for is stopped.
  using Job = std::function<void(Engine&)>;

  /// \p limit engines at most, 1..64. One more begins when a job has waited for \p patience times
  /// the square of those that there are.
  Workers(std::size_t limit, std::chrono::milliseconds patience)
      : limit_(limit), patience_(patience) {}
  /// Waits for the jobs that run; those that wait are dropped.
  ~Workers();

  /// Never waits: jobs above the limit are queued. Whoever submits bounds their number.
  void submit(Job job);

  /// Those of this process: 16 engines.
  static Workers& shared();

 private:
  struct Waiting {
    Job job;
    std::chrono::steady_clock::time_point since;
  };
  using Lock = std::unique_lock<std::mutex>;

  void add_thread();
  void work(const std::stop_token& stop);
  bool wait_for_late_job(Lock& lock, const std::stop_token& stop);
  void run_next(Lock& lock, Engine& engine);

  const std::size_t limit_;
  const std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::condition_variable_any more_;  ///< for threads with an engine
  std::condition_variable_any late_;  ///< for the one without, if there is one
  std::deque<Waiting> jobs_;
  std::size_t engines_ = 0;  ///< begun
  bool closing_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace m8::script
