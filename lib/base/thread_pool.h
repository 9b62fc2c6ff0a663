/// ThreadPool: a fixed number of workers over a bounded queue of jobs.
///
/// Exceptions of a job are contained and counted. The destructor closes the queue, asks running
/// jobs to stop, and joins. submit() may be called from any thread, but not from a job of a full
/// pool.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/channel.h"
#include "base/clock.h"

namespace m8 {

class ThreadPool {
 public:
  struct Options {
    int workers = 4;          ///< 1..1024
    std::size_t queue = 100;  ///< jobs waiting; submit() waits above it
  };
  /// Told after each job, on the worker's thread.
  struct JobReport {
    int worker = 0;  ///< 0..workers-1
    std::chrono::microseconds duration{0};
    std::string error;  ///< what() of an exception that escaped; empty else
  };
  using Job = std::function<void(std::stop_token)>;
  using Observer = std::function<void(const JobReport&)>;

  explicit ThreadPool(Options options, Observer observer = {},
                      Clock& clock = SystemClock::instance());
  ~ThreadPool();

  /// Waits for room. False once stopping.
  bool submit(Job job, std::stop_token stop = {});
  /// No more jobs; waits until all queued ones have run.
  void drain();
  /// Drops queued jobs, asks running ones to stop, joins. Idempotent.
  void stop();

  std::uint64_t completed() const { return completed_.load(std::memory_order_relaxed); }
  std::uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }
  int workers() const { return static_cast<int>(threads_.size()); }

 private:
  void work(int worker, std::stop_token stop);

  Observer observer_;
  Clock& clock_;
  Channel<Job> jobs_;
  std::atomic<std::uint64_t> completed_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::vector<std::jthread> threads_;
};

}  // namespace m8
