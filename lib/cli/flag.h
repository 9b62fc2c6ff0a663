/// A flag, declared once: CLI11's option, config key, environment variable, --help, man page and
/// the three completion files all come from this record.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace m8::cli {

/// How a shell completes a value.
enum class Complete { kNone, kFile, kDirectory, kChoices, kHost };

/// Where a flag's value came from, lowest first.
enum class Origin { kDefault, kConfig, kEnvironment, kCommandLine };

struct Flag {
  std::string name;                  ///< long name without dashes: "rate-limit"
  std::vector<std::string> aliases;  ///< other long or short names without dashes: "rl", "c"
  std::string argument;              ///< name of the value in help, "N"; empty = a switch
  std::string section;               ///< help group: "Input", "Rate", "Output"...
  std::string brief;                 ///< one line, no full stop
  std::string detail;                ///< man page paragraph; may be empty
  std::string unit;                  ///< "seconds", "requests/s", ...
  std::string initial;               ///< default as text; empty = unset
  std::vector<std::string> choices;  ///< empty = free text
  Complete complete = Complete::kNone;
  bool repeatable = false;  ///< several values; commas split unless \p literal
  bool literal = false;     ///< never split at commas
  bool common = false;      ///< shown by --help (a screenful); the rest by --help-all
  bool secret = false;      ///< never shown by config show, never in an error, never logged
  bool action = false;      ///< does something else and leaves (--help): command line only

  bool is_switch() const { return argument.empty(); }
};

/// Values after parsing: flag, environment, config file, default, in this order of precedence.
/// Lookups of names that were not declared are a bug and abort in debug builds.
class Values {
 public:
  virtual ~Values() = default;
  /// A switch's state.
  virtual bool on(std::string_view name) const = 0;
  /// The value, the last one of a repeatable flag; empty if unset without a default.
  virtual std::string text(std::string_view name) const = 0;
  /// All values. A higher source replaces the lower one's list, it does not add to it.
  virtual std::vector<std::string> list(std::string_view name) const = 0;
  /// kInvalidArgument "--name: not a whole number: x" (or out of range).
  virtual Result<long long> number(std::string_view name, long long min, long long max) const = 0;
  /// "10", "10s", "500ms", "2m30s", "1h", "1d"; a bare number is seconds. Result in milliseconds.
  virtual Result<long long> milliseconds(std::string_view name) const = 0;
  virtual Origin origin(std::string_view name) const = 0;
  bool given(std::string_view name) const { return origin(name) != Origin::kDefault; }
  /// Positional arguments.
  virtual const std::vector<std::string>& arguments() const = 0;
};

/// What a command sees of the process.
struct Context {
  const Values& flags;
  std::string program;                 ///< "asmm8"
  std::string command;                 ///< "enum"
  std::vector<std::string> arguments;  ///< argv without argv[0], for the record of the run
};

/// A subcommand: one per file in apps/<app>/.
struct Command {
  std::string name;       ///< "enum"; "domain add" for nested ones
  std::string brief;      ///< one line
  std::string detail;     ///< man page text
  std::string arguments;  ///< "[NAME...]"; empty = takes none
  std::vector<Flag> flags;
  std::vector<std::string> examples;  ///< command lines, each tested
  std::function<int(const Context&)> run;
};

/// A program: name, one line, its commands.
struct Program {
  std::string name;
  std::string brief;
  std::vector<Command> commands;
};

/// Parses argv, environment and config file and runs the command; prints help, versions, errors and
/// what is generated from the records (`--generate man|bash|zsh|fish`). Ignores SIGPIPE. Returns
/// the exit code. Implemented in cli/flag_set.cc.
int run(const Program& program, int argc, char** argv);

/// Flags that every command has (verbosity, colours, config, ...).
const std::vector<Flag>& common_flags();

/// The command's own flags and the common ones that it doesn't declare itself.
std::vector<Flag> all_flags(const Command& command);

/// kInternal, naming command and flag, when two flags of one command share a name or a record
/// contradicts itself. Every test of the generated pages calls it.
Status check_records(const Program& program);

}  // namespace m8::cli
