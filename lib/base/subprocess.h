/// Child: another program, run and measured. Killed and reaped when its guard goes.
///
/// One thread uses a Child. The child dies with the thread that started it (PR_SET_PDEATHSIG), so
/// nothing is left behind when this process is killed.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace m8 {

/// One of the three standard streams of a child. Default: /dev/null.
struct ChildStream {
  std::string path;      ///< a file; output files are created and truncated
  int fd = -1;           ///< or a descriptor, borrowed until start() returns
  bool inherit = false;  ///< or what this process has

  static ChildStream file(std::string path) { return {std::move(path), -1, false}; }
  static ChildStream descriptor(int fd) { return {{}, fd, false}; }
  static ChildStream inherited() { return {{}, -1, true}; }
};

struct ChildOptions {
  std::vector<std::string> arguments;  ///< [0] is the program: a path, or a name found in PATH
  ChildStream input, output, errors;
  /// "NAME=VALUE" each; empty: this process's own environment.
  std::vector<std::string> environment = {};
  /// It gets processor time (SCHED_IDLE) and the disk that nobody else wants. Such a child can't
  /// become an ordinary one again.
  bool idle = false;
};

/// What a finished child cost.
struct ChildUsage {
  int exit_code = 0;  ///< 128 + signal if one ended it
  std::chrono::nanoseconds wall{};
  std::chrono::microseconds user{}, system{};  ///< of the child and its waited-for children
  /// The program's own high-water mark (VmHWM), read every 10 ms while wait() runs: what it grew by
  /// in its last 10 ms is missing. 0 if it ended before the first look.
  std::uint64_t peak_rss_bytes = 0;
  int max_threads = 0;  ///< highest of the same samples

  std::chrono::microseconds cpu() const { return user + system; }
};

class Child {
 public:
  /// Starts the program. kNotFound, kDenied, kExhausted ("run NAME: reason"). \p clock is borrowed.
  static Result<Child> start(const ChildOptions& options, Clock& clock);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  pid_t pid() const { return pid_; }
  /// False once it has ended; does not reap it.
  bool running() const;
  /// Waits until it ends, reaps it, says what it cost. kTimeout and kCancelled leave it running.
  Result<ChildUsage> wait(std::chrono::milliseconds timeout, std::stop_token stop = {});
  /// Sends \p signal; nothing happens once it was waited for.
  void signal(int signal);
  /// SIGTERM, then SIGKILL after \p grace; waits.
  Result<ChildUsage> stop(std::chrono::milliseconds grace);

 private:
  Child(pid_t pid, Fd pidfd, Clock& clock, std::string name);
  void destroy();
  void sample();
  Result<ChildUsage> reap();

  pid_t pid_ = -1;
  Fd pidfd_;
  Clock* clock_;
  std::string name_;
  SteadyTime started_;
  int max_threads_ = 1;
  std::uint64_t peak_rss_bytes_ = 0;
};

/// start() and wait(); kTimeout kills it. A child that fails is no error: see exit_code.
Result<ChildUsage> run_child(const ChildOptions& options, std::chrono::milliseconds timeout,
                             Clock& clock, std::stop_token stop = {});

/// The path of \p name in \p search_path (as in PATH), or \p name itself if it has a slash and can
/// be executed. kNotFound.
Result<std::string> find_program(std::string_view name, std::string_view search_path);

}  // namespace m8
