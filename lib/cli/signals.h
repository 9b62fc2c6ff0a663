/// SIGINT and SIGTERM: the first asks everything to stop, the second leaves at once.
///
/// Threads: one waits for signals; make this before any other thread, because those started earlier
/// don't have the signals blocked. At most one per process.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

#include "base/fd.h"

namespace m8::cli {

class Signals {
 public:
  /// Blocks both signals in the calling thread (threads it starts inherit that) and waits for them.
  Signals();
  /// Stops waiting and unblocks them again.
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Stop is requested by the first signal. The second ends the process with kInterrupted without
  /// running destructors: what has to survive must be on disk by then.
  std::stop_token token() const { return stop_.get_token(); }
  /// The first signal's number, 0 if none came.
  int received() const { return received_.load(); }

 private:
  void wait();

  std::stop_source stop_;
  std::atomic<int> received_{0};
  Fd signals_;
  Fd end_;  ///< an eventfd: the destructor's wish
  std::thread waiter_;
};

}  // namespace m8::cli
