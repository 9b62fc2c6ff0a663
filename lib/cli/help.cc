#include "cli/help.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/generate.h"

namespace m8::cli {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kIndent = 30;  ///< column at which briefs start

/// Breaks \p text at blanks so that no line passes kWidth, each further line indented.
std::string wrap(const std::string& text, std::size_t column, std::size_t indent) {
  std::string out;
  std::size_t begin = 0;
  bool first = true;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::size_t length = end - begin;
    if (!first && column + 1 + length > kWidth) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += text.substr(begin, length);
    column += length;
    first = false;
    begin = end + 1;
  }
  return out;
}

std::string row(const std::string& left, const std::string& text) {
  std::string line = "  " + left;
  if (line.size() + 2 > kIndent) {
    line += '\n' + std::string(kIndent, ' ');
  } else {
    line.resize(kIndent, ' ');
  }
  return line + wrap(text, kIndent, kIndent) + '\n';
}

/// Sections in the order in which flags name them first.
std::vector<std::string> sections_of(const std::vector<const Flag*>& flags) {
  std::vector<std::string> sections;
  for (const Flag* flag : flags) {
    if (std::find(sections.begin(), sections.end(), flag->section) == sections.end()) {
      sections.push_back(flag->section);
    }
  }
  return sections;
}

}  // namespace

std::string spell(const Flag& flag) {
  return fmt::format("{}{}{}", fmt::join(dashed_names(flag), ", "), flag.is_switch() ? "" : " ",
                     flag.argument);
}

std::string remark(const Flag& flag) {
  std::string text;
  if (!flag.choices.empty()) text = fmt::format("one of {}", fmt::join(flag.choices, ", "));
  if (!flag.initial.empty()) {
    text +=
        fmt::format("{}{}{}{}{}", text.empty() ? "" : "; ", flag.choices.empty() ? "" : "default ",
                    flag.initial, flag.unit.empty() ? "" : " ", flag.unit);
  } else if (!flag.unit.empty()) {
    text += fmt::format("{}{}", text.empty() ? "" : "; ", flag.unit);
  }
  return text.empty() ? text : "[" + text + "]";
}

std::string help(const Program& program, const std::string& group) {
  std::string out = fmt::format("{}\n\nUsage: {} COMMAND [FLAGS]\n\nCommands\n",
                                wrap(program.name + " - " + program.brief, 0, 4), program.name);
  for (const Command& command : program.commands) {
    if (group.empty() || command.name.rfind(group + " ", 0) == 0) {
      out += row(command.name, command.brief);
    }
  }
  out += "\nGeneral\n";
  for (const Flag& flag : common_flags()) out += row(spell(flag), flag.brief);
  return out + fmt::format("\n{0} COMMAND --help tells more; man {0} tells all.\n", program.name);
}

std::string help(const Program& program, const Command& command, bool all) {
  const std::string name = program.name + " " + command.name;
  std::string out =
      fmt::format("{}\n\nUsage: {} [FLAGS]{}{}\n", wrap(name + " - " + command.brief, 0, 4), name,
                  command.arguments.empty() ? "" : " ", command.arguments);
  const std::vector<Flag> flags = all_flags(command);
  std::vector<const Flag*> shown;
  for (const Flag& flag : flags) {
    if (all || flag.common) shown.push_back(&flag);
  }
  for (const std::string& section : sections_of(shown)) {
    out += "\n" + section + "\n";
    for (const Flag* flag : shown) {
      if (flag->section != section) continue;
      const std::string note = remark(*flag);
      out += row(spell(*flag), flag->brief + (note.empty() ? "" : " " + note));
    }
  }
  if (!command.examples.empty()) {
    out += "\nExamples\n";
    for (const std::string& example : command.examples) out += "  " + example + "\n";
  }
  if (shown.size() < flags.size()) {
    out += fmt::format("\n--help-all shows all {} flags; man {} tells more.\n", flags.size(),
                       program.name);
  }
  return out;
}

}  // namespace m8::cli
