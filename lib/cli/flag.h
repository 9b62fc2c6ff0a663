/// A flag, declared once: CLI11's option, config key, environment variable, --help, man page and
/// the three completion files all come from this record.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/value_type.h"

namespace m8::net {
struct Rate;
}

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
  ValueType type = {};      ///< what each value has to look like; a switch needs none
  std::string key = {};     ///< "store.max_open": its place in the config file too; see setting()

  bool is_switch() const { return argument.empty(); }
};

/// A setting of a part that several programs share, such as the store: \p key is "SECTION.NAME"
/// with a section of setting_sections() and underscores; NAME may have parts of its own. In the
/// config file it is NAME in the map SECTION, in the environment M8_SECTION_NAME, on the command
/// line --section-name (not in --help). Its section of the help is the capitalised SECTION. \p
/// argument is empty for a switch.
Flag setting(std::string key, std::string argument, ValueType type, std::string initial,
             std::string brief);

/// The sections that keys may have: "store", "http"
const std::vector<std::string>& setting_sections();

/// Values after parsing: flag, environment, config file, default, in this order of precedence. Each
/// was checked against its flag's type when it was set. Asking for a name that was not declared, or
/// as a type that was not declared, is a bug and aborts.
class Values {
 public:
  virtual ~Values() = default;
  /// A switch's state.
  virtual bool on(std::string_view name) const = 0;
  /// The value, the last one of a repeatable flag; empty if unset without a default.
  virtual std::string text(std::string_view name) const = 0;
  /// All values. A higher source replaces the lower one's list, it does not add to it.
  virtual std::vector<std::string> list(std::string_view name) const = 0;
  /// Of a number flag; 0 if unset without a default.
  template <class Number = long long>
  Number number(std::string_view name) const {
    return static_cast<Number>(amount(name, ValueType::Kind::kNumber));
  }
  /// Of a duration flag; 0 if unset.
  std::chrono::milliseconds duration(std::string_view name) const {
    return std::chrono::milliseconds(amount(name, ValueType::Kind::kDuration));
  }
  /// Of a size flag; 0 if unset.
  std::size_t bytes(std::string_view name) const {
    return static_cast<std::size_t>(amount(name, ValueType::Kind::kSize));
  }
  /// Of a rate flag; unlimited if unset. Include net/rate_limiter.h to call it.
  virtual net::Rate rate(std::string_view name) const = 0;
  virtual Origin origin(std::string_view name) const = 0;
  bool given(std::string_view name) const { return origin(name) != Origin::kDefault; }
  /// Positional arguments.
  virtual const std::vector<std::string>& arguments() const = 0;

 private:
  /// The value in the unit of its type's bounds.
  virtual long long amount(std::string_view name, ValueType::Kind kind) const = 0;
};

/// What a command sees of the process.
struct Context {
  const Values& flags;
  std::string program;                 ///< "asmm8"
  std::string command;                 ///< "enum"
  std::vector<std::string> arguments;  ///< argv without argv[0], secrets masked: for records
};

/// Flags of the reference tool that a command does not take, refused by name.
struct RefusedFlags {
  std::vector<std::string> names;  ///< without dashes, aliases too
  std::string reason;              ///< what follows "-NAME is not supported: "
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
  bool reads_config = true;  ///< false: about the config file, so a bad one must not stop it
  std::vector<RefusedFlags> refused = {};
  /// Path of a file of settings below the config file (--profile), from the flags that environment
  /// and command line give; empty: none. Unset: the command has no such thing.
  std::function<Result<std::string>(const Values&)> profile = {};
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
