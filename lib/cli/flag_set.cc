// The only file that includes CLI11: it costs seconds.
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "base/version.h"
#include "cli/config_file.h"
#include "cli/effective.h"
#include "cli/exit_code.h"
#include "cli/flag.h"
#include "cli/flag_values.h"
#include "cli/generate.h"
#include "cli/help.h"
#include "cli/secrets.h"
#include "cli/spelling.h"
#include "cli/terminal.h"

namespace m8::cli {
namespace {

using Arguments = std::vector<std::string>;

int print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  return kDone;
}

/// A command found in argv, and the arguments that remain for it.
struct Choice {
  const Command* command = nullptr;
  std::string group;  ///< no command, but the beginning of some: "domain"
  Arguments rest;
};

/// What the command line gave each flag, in the order of the flags, and the positional arguments.
struct Given {
  std::vector<std::pair<const Flag*, Arguments>> flags;
  Arguments positional;
};

Arguments split_words(const std::string& name) {
  Arguments words;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find(' ', begin), name.size());
    words.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

bool starts_with(const Arguments& arguments, std::size_t at, const Arguments& words) {
  return arguments.size() >= at + words.size() &&
         std::equal(words.begin(), words.end(),
                    arguments.begin() + static_cast<std::ptrdiff_t>(at));
}

Error unknown_command(const Program& program, const Choice& choice, const std::string& word) {
  Arguments candidates;
  for (const Command& command : program.commands) {
    const Arguments words = split_words(command.name);
    if (choice.group.empty()) candidates.push_back(words.front());
    if (!choice.group.empty() && words.front() == choice.group) candidates.push_back(words.back());
  }
  const std::string name = choice.group.empty() ? word : choice.group + " " + word;
  const std::string meant = nearest(word, candidates);
  return {ErrorCode::kInvalidArgument,
          fmt::format("unknown command: {} ({})", name,
                      meant.empty() ? fmt::format("{} --help lists them", program.name)
                                    : fmt::format("did you mean {}?", meant))};
}

/// The command that \p arguments name from \p at on; else the group of commands they begin.
Choice match_command(const Program& program, const Arguments& arguments, std::size_t at) {
  Choice choice;
  std::size_t words_taken = 1;
  for (const Command& command : program.commands) {
    const Arguments words = split_words(command.name);
    if (starts_with(arguments, at, words)) {
      choice.command = &command;
      words_taken = words.size();
    } else if (words.size() > 1 && words.front() == arguments[at]) {
      choice.group = words.front();
    }
  }
  const auto after = arguments.begin() + static_cast<std::ptrdiff_t>(at + words_taken);
  choice.rest.assign(after, arguments.end());
  return choice;
}

/// Finds the command; common flags may stand before it.
Result<Choice> choose(const Program& program, const Arguments& arguments) {
  std::size_t at = 0;
  while (at < arguments.size() && arguments[at].size() > 1 && arguments[at][0] == '-') {
    const std::size_t width = width_of(common_flags(), arguments[at]);
    if (width == 0) {
      return Error{ErrorCode::kInvalidArgument,
                   "unknown flag before the command: " + arguments[at]};
    }
    at += width;
  }
  if (at >= arguments.size()) return Choice{nullptr, {}, arguments};
  Choice choice = match_command(program, arguments, at);
  if (!choice.command) {
    if (choice.group.empty()) return unknown_command(program, choice, arguments[at]);
    if (!choice.rest.empty() && choice.rest[0].rfind("-", 0) != 0) {
      return unknown_command(program, choice, choice.rest[0]);
    }
  }
  const auto end_of_flags = arguments.begin() + static_cast<std::ptrdiff_t>(at);
  choice.rest.insert(choice.rest.begin(), arguments.begin(), end_of_flags);
  return choice;
}

/// Lets CLI11 tell flags, values and positional arguments apart.
Result<Given> parse(const std::vector<Flag>& flags, const Arguments& arguments) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<CLI::Option*> options;
  for (const Flag& flag : flags) {
    const std::string name = "--" + flag.name;
    CLI::Option* option = flag.is_switch() ? app.add_flag(name) : app.add_option(name);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    if (flag.repeatable) {
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
      option->expected(1, CLI::detail::expected_max_vector_size)->allow_extra_args(false);
    }
    options.push_back(option);
  }
  Arguments reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::Error& error) {
    return Error{ErrorCode::kInvalidArgument, error.what()};
  }
  Given given;
  for (std::size_t i = 0; i < flags.size(); ++i) {
    if (options[i]->count() > 0) given.flags.emplace_back(&flags[i], options[i]->results());
  }
  given.positional = app.remaining();
  const auto mark = std::find(given.positional.begin(), given.positional.end(), "--");
  if (mark != given.positional.end()) given.positional.erase(mark);
  return given;
}

/// The actions of the common flags: help and version. Empty if none was asked for.
std::optional<int> act(const Program& program, const Command* command, const std::string& group,
                       const Given& given) {
  for (const auto& [flag, texts] : given.flags) {
    if (!flag->action) continue;
    if (flag->name == "version") {
      const std::string commit = *m8::commit() ? fmt::format(" ({})", m8::commit()) : "";
      return print(fmt::format("{} {}{}\n", program.name, version(), commit));
    }
    if (!command) return print(help(program, group));
    return print(help(program, *command, flag->name == "help-all"));
  }
  return std::nullopt;
}

/// What the profile says, below all other sources. Keys that are not known here are left out, with
/// a warning: profiles are written for the reference tool.
Result<Arguments> read_profile(const Program& program, const Command& command,
                               const std::vector<Flag>& flags, const FlagValues& first,
                               FlagValues& values) {
  Arguments warnings;
  const std::string path = M8_TRY(command.profile(first));
  if (path.empty()) return warnings;
  for (const ConfigProblem& problem :
       apply_config(path, program, command, flags, values).problems) {
    if (!problem.unknown_key) return Error{ErrorCode::kInvalidArgument, problem.message};
    warnings.push_back(problem.message + ": left out");
  }
  return warnings;
}

/// Config file, then environment, then the command line over it. Returns warnings, for when it is
/// known whether anybody wants them.
Result<Arguments> collect(const Program& program, const Command& command,
                          const std::vector<Flag>& flags, const Given& given, FlagValues& values) {
  Arguments warnings;
  FlagValues first(flags);
  M8_TRY(apply_environment(flags, first));
  for (const auto& [flag, texts] : given.flags)
    M8_TRY(first.set(*flag, texts, Origin::kCommandLine, "--" + flag->name));
  if (command.profile) warnings = M8_TRY(read_profile(program, command, flags, first, values));
  const std::string path = first.given("config") ? first.text("config") : default_config_path();
  if (!path.empty() && command.reads_config) {
    ConfigReport report = apply_config(path, program, command, flags, values);
    if (!report.problems.empty())
      return Error{ErrorCode::kInvalidArgument, report.problems[0].message};
    warnings.insert(warnings.end(), report.warnings.begin(), report.warnings.end());
  }
  M8_TRY(apply_environment(flags, values));
  for (const auto& [flag, texts] : given.flags) {
    M8_TRY(values.set(*flag, texts, Origin::kCommandLine, "--" + flag->name));
  }
  return warnings;
}

Status apply_verbosity(const Values& values) {
  const bool quiet = values.on("quiet");
  const bool verbose = values.on("verbose");
  if (quiet && verbose && values.origin("quiet") == values.origin("verbose")) {
    return Error{ErrorCode::kInvalidArgument, "--quiet and --verbose exclude each other"};
  }
  if (quiet) log::set_level(spdlog::level::err);
  if (verbose) log::set_level(spdlog::level::info);
  return {};
}

/// The flags of the chosen command with all their values, the positional arguments among them.
Result<Effective> values_of(const Program& program, const Command& command, std::vector<Flag> flags,
                            const Given& given) {
  Effective out;
  out.command = &command;
  out.flags = std::move(flags);
  out.values = std::make_unique<FlagValues>(out.flags);
  out.warnings = M8_TRY(collect(program, command, out.flags, given, *out.values));
  if (command.arguments.empty() && !given.positional.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("{} takes no arguments: {}", command.name, given.positional[0])};
  }
  out.values->set_arguments(given.positional);
  return out;
}

int run_command(const Program& program, const Choice& choice, const Arguments& arguments) {
  std::vector<Flag> flags = choice.command ? all_flags(*choice.command) : common_flags();
  const auto stop = [&](const Error& error) { return fail(program.name, error); };
  const auto spelled = choice.command ? rewrite(flags, choice.rest, choice.command->refused)
                                      : rewrite(flags, choice.rest);
  if (!spelled.ok()) return stop(spelled.error());
  const auto given = parse(flags, *spelled);
  if (!given.ok()) return stop(given.error());
  if (const auto code = act(program, choice.command, choice.group, *given)) return *code;
  if (!choice.command) {
    std::fputs(help(program, choice.group).c_str(), stderr);
    return kUsage;
  }
  const Command& command = *choice.command;
  const auto ready = values_of(program, command, flags, *given);
  if (!ready.ok()) return stop(ready.error());
  if (const Status good = apply_verbosity(*ready->values); !good.ok()) return stop(good.error());
  for (const std::string& warning : ready->warnings) log::get("config")->warn("{}", warning);
  return command.run(
      Context{*ready->values, program.name, command.name, without_secrets(flags, arguments)});
}

}  // namespace

int run(const Program& program, int argc, char** argv) {
  open_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);
  const Arguments arguments(argv + std::min(argc, 1), argv + argc);
  try {
    if (!arguments.empty() && arguments[0] == "--generate") {
      const auto text = generate(program, arguments.size() > 1 ? arguments[1] : "");
      return text.ok() ? print(*text) : fail(program.name, text.error());
    }
    const auto choice = choose(program, arguments);
    if (!choice.ok()) return fail(program.name, choice.error());
    return run_command(program, *choice, arguments);
  } catch (const std::exception& error) {
    return fail(program.name, {ErrorCode::kInternal, error.what()});
  }
}

Result<Effective> effective(const Program& program, const Arguments& arguments) {
  const Choice choice = M8_TRY(choose(program, arguments));
  if (!choice.command)
    return Error{ErrorCode::kInvalidArgument, "no command of " + program.name + " named"};
  std::vector<Flag> flags = all_flags(*choice.command);
  const auto spelled = M8_TRY(rewrite(flags, choice.rest, choice.command->refused));
  const Given given = M8_TRY(parse(flags, spelled));
  return values_of(program, *choice.command, std::move(flags), given);
}

}  // namespace m8::cli
