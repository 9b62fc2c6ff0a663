// Completion for fish 3.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/generate.h"

namespace m8::cli {
namespace {

std::string quote(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string value_options(const Flag& flag) {
  if (flag.is_switch()) return "";
  if (!flag.choices.empty()) return fmt::format(" -x -a '{}'", fmt::join(flag.choices, " "));
  switch (flag.complete) {
    case Complete::kFile:
      return " -r -F";
    case Complete::kDirectory:
      return " -x -a '(__fish_complete_directories)'";
    case Complete::kHost:
      return " -x -a '(__fish_print_hostnames)'";
    default:
      return " -x";
  }
}

std::string flag_line(const Program& program, const Command& command, const Flag& flag) {
  std::string out =
      fmt::format("complete -c {} -n '__{}_in {}'", program.name, program.name, command.name);
  for (const std::string& name : dashed_names(flag)) {
    const bool is_long = name.rfind("--", 0) == 0;
    out += fmt::format(" -{} {}",
                       is_long            ? "l"
                       : name.size() == 2 ? "s"
                                          : "o",
                       name.substr(is_long ? 2 : 1));
  }
  return out + value_options(flag) + fmt::format(" -d '{}'\n", quote(flag.brief));
}

constexpr const char* kHead =
    R"(# fish completion for {0}, printed by {0} --generate fish; not to be edited.

# True if the words so far are these.
function __{0}_at
    set -l words (commandline -opc)
    set -e words[1]
    test "$words" = "$argv"
end

# True if the words so far begin with these.
function __{0}_in
    set -l words (commandline -opc)
    set -e words[1]
    set -l length (count $argv)
    test (count $words) -ge $length; and test "$words[1..$length]" = "$argv"
end

complete -c {0} -f
complete -c {0} -n __{0}_at -l help -d 'show the commands and leave'
complete -c {0} -n __{0}_at -l version -d 'show name, version and commit and leave'
)";

}  // namespace

std::string complete_fish(const Program& program) {
  std::string out = fmt::format(kHead, program.name);
  for (const std::string& prefix : command_prefixes(program)) {
    for (const auto& [word, says] : next_words(program, prefix)) {
      const std::string at =
          fmt::format("__{}_at{}{}", program.name, prefix.empty() ? "" : " ", prefix);
      out += fmt::format("complete -c {} -n '{}' -a {} -d '{}'\n", program.name, at, word,
                         quote(says));
    }
  }
  for (const Command& command : program.commands) {
    for (const Flag& flag : all_flags(command)) out += flag_line(program, command, flag);
  }
  return out;
}

}  // namespace m8::cli
