/// Engine: JavaScript programs, run by JavaScriptCore in a process of its own.
///
/// The library is loaded there, at the first program: no start pays for it, and no program can
/// harm this process. A program has a limit of CPU and of memory; one that crashes the engine ends
/// its process and nothing else, and the next program gets a new one. `eval` is off, nothing of
/// the machine can be reached, and there is no JIT.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/limited_process.h"
#include "base/result.h"
#include "script/value.h"

namespace m8::script {

class MessageReader;

/// What a program may ask for. Called on the thread of Engine::run(), one call at a time.
class Environment {
 public:
  virtual ~Environment() = default;
  /// One of the functions that run() named. May wait. An error is thrown in the program as its
  /// message; of kCancelled the program hears nothing: it is ended.
  virtual Result<Value> call(const std::string& function, const std::vector<Value>& arguments) = 0;
  /// A field of `template`; std::monostate for none. Asked once between two calls.
  virtual Value field(const std::string& name) = 0;
  /// Names of all fields of `template`.
  virtual List fields() = 0;
};

/// Engines of this build need the library, and it must be on this machine. kUnsupported with what
/// is missing. Any thread; looks for the file only.
Status available();

/// One caller at a time.
class Engine {
 public:
  struct Limits {
    std::chrono::milliseconds cpu{2000};  ///< of a program, calls not counted
    /// Between two calls: a program that gives no sign for so long is ended.
    std::chrono::milliseconds silence{20'000};
  };

  Engine();

  /// kInvalidArgument with line and cause if \p program is no JavaScript. Else as run().
  Status check(std::string_view program);
  /// Runs \p program to its end. It sees \p functions, a read-only `template`, `iterate()`, and the
  /// class `Dedupe` (templates 8.5). kInvalidArgument: an exception ended it ("line 3: TypeError:
  /// ..."); kTimeout: it took too long; kExhausted: it used too much memory; kUnsupported: the
  /// library can't be loaded; kCancelled: a call said so.
  Status run(std::string_view program, const std::vector<std::string>& functions,
             Environment& environment, const Limits& limits);
  Status run(std::string_view program, const std::vector<std::string>& functions,
             Environment& environment) {
    return run(program, functions, environment, Limits());
  }

 private:
  Status ask(const std::string& request, Environment* environment,
             std::chrono::milliseconds silence);
  Status answer_call(MessageReader& call, Environment& environment,
                     std::chrono::milliseconds silence);

  LimitedProcess helper_;
};

/// What the helper does until \p socket closes.
void serve_scripts(int socket);

}  // namespace m8::script
