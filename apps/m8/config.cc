// m8 config init|check|show: the config file of all three programs.
#include <cstdio>
#include <filesystem>
#include <map>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asmm8_program.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/config_file.h"
#include "cli/effective.h"
#include "cli/exit_code.h"
#include "commands.h"
#include "m8_program.h"
#include "num8_program.h"
#include "output/stream.h"

namespace m8::app {
namespace {

std::vector<cli::Program> all_programs() { return {asmm8::program(), num8::program(), program()}; }

Status print(std::string_view text) {
  return output::Stream(Fd(STDOUT_FILENO), "stdout").write(text);
}

/// The file of the argument, of --config, or the default one.
Result<std::string> path_of(const cli::Values& flags) {
  const auto& arguments = flags.arguments();
  if (arguments.size() > 1)
    return Error{ErrorCode::kInvalidArgument, "takes one file: " + arguments[1]};
  if (!arguments.empty()) return arguments[0];
  std::string path = flags.given("config") ? flags.text("config") : cli::config_path();
  if (path.empty()) return Error{ErrorCode::kInvalidArgument, "no file named, and HOME is not set"};
  return path;
}

// ---- init -------------------------------------------------------------------------------------

/// Nobody else may read what may come to hold secrets. Without \p force nothing is overwritten, not
/// even what appears at this moment.
Status write_private(const std::string& path, const std::string& text, bool force) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  const std::string temporary = fmt::format("{}.{}.new", path, ::getpid());
  const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.valid()) return errno_error(path, errno);
  const bool written =
      ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file.get()) == 0;
  const bool placed = written && (force ? ::rename(temporary.c_str(), path.c_str()) == 0
                                        : ::link(temporary.c_str(), path.c_str()) == 0);
  const int why = errno;
  ::unlink(temporary.c_str());
  if (placed) return {};
  if (why == EEXIST)
    return Error{ErrorCode::kInvalidArgument, path + ": is there already (--force overwrites it)"};
  return errno_error(path, why);
}

Result<int> init(const cli::Context& context) {
  const std::string text = cli::config_template(all_programs());
  const std::string path = M8_TRY(path_of(context.flags));
  if (path == "-") {
    M8_TRY(print(text));
    return cli::kDone;
  }
  M8_TRY(write_private(path, text, context.flags.on("force")));
  if (!context.flags.on("quiet")) fmt::print(stderr, "wrote {}\n", path);
  return cli::kDone;
}

// ---- check ------------------------------------------------------------------------------------

Result<int> check(const cli::Context& context) {
  const std::string path = M8_TRY(path_of(context.flags));
  const cli::ConfigReport report = cli::check_config(path, all_programs());
  for (const std::string& warning : report.warnings) log::get("config")->warn("{}", warning);
  std::string text;
  for (const auto& problem : report.problems) text += problem.message + "\n";
  M8_TRY(print(text));
  if (report.problems.empty() && !context.flags.on("quiet")) fmt::print(stderr, "{}: good\n", path);
  return report.problems.empty() ? cli::kDone : cli::kUsage;
}

// ---- show -------------------------------------------------------------------------------------

/// Writes the values of commands, what all commands share only once.
class Listing {
 public:
  explicit Listing(bool jsonl) : jsonl_(jsonl) {}

  void add(const cli::Program& program, const cli::Effective& command) {
    for (const cli::Flag& flag : command.flags) {
      if (flag.action || flag.name == "config") continue;
      jsonl_ ? add_record(program, command, flag) : add_line(program, command, flag);
    }
  }
  const std::string& text() const { return text_; }

 private:
  /// Where it was read: "c.yaml:3", "M8_THREADS", "--threads"; empty for a default.
  static std::string place(const cli::Effective& command, const cli::Flag& flag) {
    const std::string& where = command.values->where(flag.name);
    switch (command.values->origin(flag.name)) {
      case cli::Origin::kDefault:
        return {};
      case cli::Origin::kConfig:
        return where.substr(0, where.rfind(": "));
      default:
        return where;
    }
  }

  void add_record(const cli::Program& program, const cli::Effective& command,
                  const cli::Flag& flag) {
    json::Writer out;
    out.object().field("program", program.name).field("command", command.command->name);
    out.field("key", flag.key.empty() ? flag.name : flag.key);
    out.field("value", cli::shown_value(flag, *command.values));
    out.field("origin", cli::to_string(command.values->origin(flag.name)));
    out.optional("place", place(command, flag)).end();
    text_ += out.take() + "\n";
  }

  void add_line(const cli::Program& program, const cli::Effective& command, const cli::Flag& flag) {
    const std::string where = place(command, flag);
    const std::string value = fmt::format("{} ({}{}{})", cli::shown_value(flag, *command.values),
                                          cli::to_string(command.values->origin(flag.name)),
                                          where.empty() ? "" : " ", where);
    std::string key = flag.key.empty() ? flag.name : flag.key;
    if (flag.key.empty() && flag.section != "General")
      key = fmt::format("{}.{}.{}", program.name, command.command->name, key);
    const auto [known, fresh] = shared_.emplace(key, value);
    if (fresh) {
      text_ += fmt::format("{}: {}\n", key, value);
    } else if (known->second != value) {
      text_ += fmt::format("{}.{}.{}: {}\n", program.name, command.command->name, key, value);
    }
  }

  const bool jsonl_;
  std::string text_;
  std::map<std::string, std::string> shared_;
};

/// The command line that is asked about, with the file that this one names.
Result<cli::Effective> look_up(const cli::Context& context, const cli::Program& program,
                               std::vector<std::string> words) {
  if (context.flags.given("config")) {
    words.push_back("--config");
    words.push_back(context.flags.text("config"));
  }
  return cli::effective(program, words);
}

std::vector<std::string> words_of(std::string name) {
  std::vector<std::string> words;
  for (auto blank = name.find(' '); blank != std::string::npos; blank = name.find(' ')) {
    words.push_back(name.substr(0, blank));
    name.erase(0, blank + 1);
  }
  words.push_back(std::move(name));
  return words;
}

Result<int> show(const cli::Context& context) {
  const auto& asked = context.flags.arguments();
  Listing listing(context.flags.on("jsonl"));
  bool known = asked.empty();
  for (const cli::Program& program : all_programs()) {
    if (!asked.empty() && asked[0] != program.name) continue;
    known = true;
    if (asked.size() > 1) {
      listing.add(program, M8_TRY(look_up(context, program, {asked.begin() + 1, asked.end()})));
      continue;
    }
    for (const cli::Command& command : program.commands)
      listing.add(program, M8_TRY(look_up(context, program, words_of(command.name))));
  }
  if (!known)
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("not one of asmm8, num8, m8: {}", asked[0])};
  M8_TRY(print(listing.text()));
  return cli::kDone;
}

cli::Command command_of(const char* name, const char* brief,
                        Result<int> (*body)(const cli::Context&)) {
  cli::Command command;
  command.name = std::string("config ") + name;
  command.brief = brief;
  command.reads_config = false;
  command.run = [body](const cli::Context& context) {
    const auto code = body(context);
    return code.ok() ? *code : cli::fail("m8 " + context.command, code.error());
  };
  return command;
}

cli::Flag toggle(const char* name, const char* brief) {
  cli::Flag flag;
  flag.name = name;
  flag.section = "Output";
  flag.brief = brief;
  flag.common = true;
  return flag;
}

}  // namespace

std::vector<cli::Command> config_commands() {
  cli::Command make =
      command_of("init", "write a config file with every key and its default", init);
  make.arguments = "[FILE]";
  make.detail =
      "Everything in it is commented out, so it changes nothing until it is edited. Without FILE "
      "the file that the programs read; - is stdout. Only its owner may read it.";
  make.flags = {toggle("force", "overwrite the file if it is there")};
  make.examples = {"m8 config init -"};
  cli::Command test = command_of("check", "tell every mistake of a config file", check);
  test.arguments = "[FILE]";
  test.detail =
      "One line each on stdout: file, line, key and what is wrong, for any command of asmm8, num8 "
      "and m8. The exit code is 2 if there is any.";
  cli::Command list = command_of("show", "show values in effect and where they come from", show);
  list.arguments = "[PROGRAM [COMMAND [FLAG...]]]";
  list.detail =
      "Each value with its origin: default, config (file and line), environment (variable) or "
      "flag. "
      "What all commands share is listed once, and again where a command differs. Secrets are "
      "masked. Put -- before a command line with flags to see what it would run with.";
  list.flags = {toggle("jsonl", "one JSON object per value")};
  list.examples = {"m8 config show asmm8 enum", "m8 config show --jsonl -- asmm8 enum --rate 50/s"};
  return {make, test, list};
}

}  // namespace m8::app
