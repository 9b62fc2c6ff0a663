// Completion for bash 4.2 and later; needs nothing of the bash-completion package.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/generate.h"

namespace m8::cli {
namespace {

/// Names of all flags that complete like \p kind, as a case pattern; empty if there are none.
std::string pattern(const std::vector<Flag>& flags, Complete kind) {
  std::vector<std::string> names;
  for (const Flag& flag : flags) {
    if (flag.is_switch() || flag.complete != kind || !flag.choices.empty()) continue;
    for (std::string& name : dashed_names(flag)) names.push_back(std::move(name));
  }
  return fmt::format("{}", fmt::join(names, " | "));
}

std::string value_case(const std::vector<Flag>& flags, Complete kind, const char* action) {
  const std::string names = pattern(flags, kind);
  return names.empty() ? names : fmt::format("        {}) {}; return ;;\n", names, action);
}

std::string command_case(const Command& command) {
  const std::vector<Flag> flags = all_flags(command);
  std::string out = fmt::format("    '{}')\n      case $prev in\n", command.name);
  std::vector<std::string> names;
  for (const Flag& flag : flags) {
    const auto spelled = dashed_names(flag);
    names.insert(names.end(), spelled.begin(), spelled.end());
    if (flag.choices.empty()) continue;
    out += fmt::format("        {}) words='{}' ;;\n", fmt::join(spelled, " | "),
                       fmt::join(flag.choices, " "));
  }
  out += value_case(flags, Complete::kFile, "_m8_paths -f");
  out += value_case(flags, Complete::kDirectory, "_m8_paths -d");
  out += value_case(flags, Complete::kHost,
                    "mapfile -t COMPREPLY < <(compgen -A hostname -- \"$cur\")");
  out += value_case(flags, Complete::kNone, ":");
  out += fmt::format("        *) words='{}' ;;\n      esac\n      ;;\n", fmt::join(names, " "));
  return out;
}

constexpr const char* kHead =
    R"(# bash completion for {0}, printed by {0} --generate bash; not to be edited.
# shellcheck shell=bash

_m8_paths() {{
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}}

_{0}() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} command='' words='' i
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $prev == '=' ]]; then
    prev=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${{COMP_WORDS[*]:1:i}}" in
      {1}) command=${{COMP_WORDS[*]:1:i}} ;;
    esac
  done
  case $command in
    '')
      case "${{COMP_WORDS[*]:1:COMP_CWORD-1}}" in
)";

constexpr const char* kTail = R"(  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}}

complete -F _{0} {0}
)";

}  // namespace

std::string complete_bash(const Program& program) {
  std::vector<std::string> commands;
  for (const Command& command : program.commands) commands.push_back("'" + command.name + "'");
  std::string out = fmt::format(kHead, program.name, fmt::join(commands, " | "));
  for (const std::string& prefix : command_prefixes(program)) {
    std::vector<std::string> words;
    for (const auto& [word, says] : next_words(program, prefix)) words.push_back(word);
    if (prefix.empty()) words.insert(words.end(), {"--help", "--version"});
    out += fmt::format("        '{}') words='{}' ;;\n", prefix, fmt::join(words, " "));
  }
  out += "      esac\n      ;;\n";
  for (const Command& command : program.commands) out += command_case(command);
  return out + fmt::format(kTail, program.name);
}

}  // namespace m8::cli
