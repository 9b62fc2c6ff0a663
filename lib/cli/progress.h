/// Progress on stderr: one line that renews itself on a terminal, JSON lines on request.
///
/// Threads: one thread of its own asks for numbers; around() may be called by any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/process.h"
#include "cli/flag.h"

namespace m8::cli {

/// How far the work is. Taken by value from counters that the engine keeps as atomics.
struct ProgressNumbers {
  std::uint64_t done = 0;
  std::uint64_t total = 0;  ///< exact, or 0 while it is not known
  std::uint64_t found = 0;
  std::uint64_t errors = 0;
  std::uint64_t tasks = 0;  ///< pieces of work under way
};

enum class ProgressMode { kNone, kLine, kJson };

/// The flag --progress (auto, json, none), for commands that have progress.
Flag progress_flag();

/// What --progress, -q and the terminal say together.
ProgressMode progress_mode(const Values& flags);

/// "12/400 names (3%)  5600/s  found 7  errors 1  eta 1m12s"; \p rate in pieces per second.
std::string progress_line(const ProgressNumbers& numbers, const std::string& noun, double rate);

/// {"elapsed":1.5,"done":12,"total":400,"rate":5600.0,"found":7,"errors":1,"eta":72,"tasks":25,
/// "threads":6,"resident_bytes":31457280,"open_files":80}; total and eta (seconds) are null while
/// unknown.
std::string progress_json(const ProgressNumbers& numbers, double rate, Duration elapsed,
                          const ProcessUsage& usage);

/// Shows progress while it lives: five times a second on a terminal, once a second as JSON, and
/// once more as JSON at the end. The line is wiped at the end.
class Progress {
 public:
  /// \p numbers is called from the progress thread and must not block. \p clock and what \p numbers
  /// refers to must outlive this. Output goes to \p fd.
  Progress(ProgressMode mode, std::string noun, std::function<ProgressNumbers()> numbers,
           Clock& clock, int fd = 2);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Runs \p write with the line out of the way: for results that go to the same terminal.
  void around(const std::function<void()>& write);

 private:
  void show(std::stop_token stop);
  void put(const std::string& text);
  double update_rate(const ProgressNumbers& numbers, SteadyTime now);

  ProgressMode mode_;
  std::string noun_;
  std::function<ProgressNumbers()> numbers_;
  Clock& clock_;
  int fd_;
  SteadyTime began_;
  SteadyTime last_time_;
  std::uint64_t last_done_ = 0;
  double rate_ = 0;
  std::mutex mutex_;  ///< guards the terminal line
  bool line_shown_ = false;
  std::jthread thread_;
};

}  // namespace m8::cli
