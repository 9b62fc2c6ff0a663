/// LimitedProcess: a fork of this program that runs one function and nothing else, for libraries
/// that can be neither interrupted nor bounded from inside.
///
/// It has no descriptor but its end of a socket (number 3), no environment, and ignores Ctrl-C: it
/// ends when this end closes. Talk is in blocks of bytes whose form both sides agree on; native
/// byte order will do, because both ends are one program.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/fd.h"
#include "base/result.h"

namespace m8 {

/// One caller at a time.
class LimitedProcess {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  struct Options {
    const char* name = "helper";  ///< in messages; the process is "m8-<name>"
    std::size_t memory = 0;       ///< bytes it may use more than this process has now; 0: no limit
    void (*serve)(int socket) = nullptr;  ///< what it does; the process ends when it returns
  };

  explicit LimitedProcess(const Options& options) : options_(options) {}
  LimitedProcess(LimitedProcess&& other) noexcept;
  LimitedProcess& operator=(LimitedProcess&&) = delete;
  ~LimitedProcess() { stop(); }

  bool running() const { return pid_ >= 0; }
  /// kExhausted: no process or no socket is left.
  Status start();
  /// Kills and reaps it. Idempotent.
  void stop();

  /// REQUIRES of both: running(). kTimeout: \p deadline passed; kExhausted: it ended. After an
  /// error stop() it: the talk is out of step.
  Status send(std::string_view bytes, Deadline deadline);
  /// The next \p size bytes that it sent.
  Result<std::string> take(std::size_t size, Deadline deadline);
  Result<std::uint32_t> take_number(Deadline deadline);

 private:
  Status wait_for(short events, Deadline deadline) const;
  Status receive(Deadline deadline);
  Error gone() const;

  Options options_;
  pid_t pid_ = -1;
  Fd socket_;
  std::string buffer_;
  std::size_t used_ = 0;  ///< of the buffer
};

/// For the helper's end: lets this process have \p bytes of address space more than it has now.
void limit_memory(std::size_t bytes);
/// For the helper's end: the signal SIGPROF ends this process after so much CPU; 0: never.
void limit_cpu(std::chrono::milliseconds time);
/// For the helper's end: all of it, or false when the other end is gone.
bool read_fully(int socket, void* into, std::size_t size);
bool write_fully(int socket, std::string_view bytes);

}  // namespace m8
