// Completion for zsh 5: an autoloaded function on top of _arguments and _describe.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/generate.h"

namespace m8::cli {
namespace {

/// \p text inside single quotes, with what _arguments and _describe would interpret escaped.
std::string quote(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else if (c == '[' || c == ']' || c == ':' || c == '\\') {
      out += std::string("\\") + c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string action(const Flag& flag) {
  if (!flag.choices.empty()) return fmt::format("({})", fmt::join(flag.choices, " "));
  switch (flag.complete) {
    case Complete::kFile:
      return "_files";
    case Complete::kDirectory:
      return "_files -/";
    case Complete::kHost:
      return "_hosts";
    default:
      return " ";
  }
}

std::string flag_specs(const Flag& flag) {
  const std::vector<std::string> names = dashed_names(flag);
  const std::string once = flag.repeatable ? "*" : fmt::format("({})", fmt::join(names, " "));
  std::string out;
  for (const std::string& name : names) {
    out += fmt::format("        '{}{}{}[{}]", once, name, flag.is_switch() ? "" : "=",
                       quote(flag.brief));
    if (!flag.is_switch()) out += fmt::format(":{}:{}", quote(flag.argument), action(flag));
    out += "' \\\n";
  }
  return out;
}

constexpr const char* kHead = R"(#compdef {0}
# zsh completion for {0}, printed by {0} --generate zsh; not to be edited.

_{0}() {{
  local command= i
  local -a next
  for ((i = 2; i < CURRENT; i++)); do
    case "${{(j: :)words[2,i]}}" in
      ({1}) command="${{(j: :)words[2,i]}}" ;;
    esac
  done
  if [[ -z $command ]]; then
    case "${{(j: :)words[2,CURRENT-1]}}" in
)";

constexpr const char* kDescribe = R"(    esac
    _describe -t commands command next
    return
  fi
  next=(${=command})
  shift ${#next} words
  ((CURRENT -= ${#next}))
  case $command in
)";

}  // namespace

std::string complete_zsh(const Program& program) {
  std::vector<std::string> commands;
  for (const Command& command : program.commands) commands.push_back("'" + command.name + "'");
  std::string out = fmt::format(kHead, program.name, fmt::join(commands, "|"));
  for (const std::string& prefix : command_prefixes(program)) {
    out += fmt::format("      ('{}')\n        next=(\n", prefix);
    for (const auto& [word, says] : next_words(program, prefix)) {
      out += fmt::format("          '{}:{}'\n", word, quote(says));
    }
    out += "        ) ;;\n";
  }
  out += kDescribe;
  for (const Command& command : program.commands) {
    out += fmt::format("    ('{}')\n      _arguments \\\n", command.name);
    for (const Flag& flag : all_flags(command)) out += flag_specs(flag);
    const std::string rest =
        command.arguments.empty() ? "*: : " : "*:" + quote(command.arguments) + ":_files";
    out += fmt::format("        '{}' ;;\n", rest);
  }
  return out + fmt::format("  esac\n}}\n\n_{} \"$@\"\n", program.name);
}

}  // namespace m8::cli
