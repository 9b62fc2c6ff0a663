/// Workers: threads on which programs run, each with an engine of its own.
#pragma once

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

/// Threads begin when there is work and no idle one; so do their processes. Thread-safe.
class Workers {
 public:
  /// Must not throw. May wait; waits of its own must end when what it works for is stopped.
  using Job = std::function<void(Engine&)>;

  /// \p limit threads at most, 1..64.
  explicit Workers(std::size_t limit) : limit_(limit) {}
  /// Waits for the jobs that run; those that wait are dropped.
  ~Workers();

  /// Never waits: jobs above the limit are queued. Whoever submits bounds their number.
  void submit(Job job);

  /// Those of this process: 16 threads.
  static Workers& shared();

 private:
  void work(std::stop_token stop);

  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable_any more_;
  std::deque<Job> jobs_;
  std::size_t idle_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace m8::script
