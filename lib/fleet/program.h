/// A program of ours as a child: arguments in, lines out.
///
/// What may go wrong in it (a crash, an endless loop, too much memory) ends the child and not the
/// one who asked. run_program() blocks its thread, and the child dies with that thread, also when
/// this process is killed; any number of threads may run programs side by side.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace m8::fleet {

struct ProgramOptions {
  std::string program;                        ///< a path: see sibling_program()
  std::vector<std::string> arguments;         ///< without the program
  std::string input;                          ///< given on stdin, which then ends
  std::vector<std::string> environment = {};  ///< "NAME=VALUE"; empty: this process's own
  std::chrono::milliseconds deadline{0};      ///< it is stopped after so long; 0: never
  std::chrono::milliseconds grace{10'000};    ///< from SIGTERM to SIGKILL
  int nice = 0;                               ///< 0..19
  bool idle = false;  ///< it gets processor time and the disk only while nobody else wants them
  std::size_t memory = 0;  ///< bytes of private memory that it may have (RLIMIT_DATA); 0: any
  std::size_t max_line = 64u << 20;  ///< a longer line of stdout is an error
};

/// Called on the thread that runs the program, with one line each, without its end. While it works
/// nothing more is read, so a program that is too fast waits on its pipe. An error stops the
/// program, and run_program() returns it.
using TakeLine = std::function<Status(std::string_view line)>;

struct ProgramOutput {
  TakeLine line;                                  ///< of stdout; unset: thrown away
  std::function<void(std::string_view)> message;  ///< of stderr, at most 4 KB; unset: thrown away
  /// The lines of --progress json on stderr; unset: they are messages.
  std::function<void(std::string_view)> progress = {};
};

/// How a program ended.
struct ProgramEnd {
  enum class Reason {
    kItself,
    kStopped,   ///< \p stop was requested
    kDeadline,  ///< options.deadline passed
  };
  Reason reason = Reason::kItself;
  int exit_code = 0;          ///< 128 + signal if one ended it
  std::string last_messages;  ///< the end of what it said on stderr, at most 4 KB
  std::chrono::nanoseconds wall{};
  std::chrono::microseconds cpu{};

  /// A signal that nobody here sent: it crashed, or was killed from outside.
  bool crashed() const { return reason == Reason::kItself && exit_code > 128; }
};

/// Runs the program to its end. kNotFound, kDenied, kExhausted if it can't be started; kExhausted
/// for a line that is too long; errors of output.line. A program that fails is no error.
Result<ProgramEnd> run_program(const ProgramOptions& options, const ProgramOutput& output,
                               Clock& clock, std::stop_token stop);

/// Writes all of \p bytes. Errors of the file.
Status write_all(int fd, std::string_view bytes);

/// The path of another program of ours ("num8", "asmm8"), which lies beside this one. kNotFound.
Result<std::string> sibling_program(std::string_view name);

/// This process's environment without what steers programs of ours (M8_*): what a child reads are
/// its arguments alone.
std::vector<std::string> plain_environment();

}  // namespace m8::fleet
