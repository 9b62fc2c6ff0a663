#include "cli/effective.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace m8::cli {
namespace {

constexpr const char* kHead =
    "# Settings of asmm8, num8 and m8. What is commented out shows the default.\n"
    "#\n"
    "# Flags go before environment variables (M8_ and the name in capitals), those before this\n"
    "# file. An inner section goes before an outer one. ${VARIABLE} stands for a variable, and\n"
    "# file:PATH for the text of a file: keep secrets there. `m8 config check` tells every "
    "mistake,\n"
    "# `m8 config show` what is in effect and where it comes from.\n";

/// Whether a key of the config file may set it.
bool settable(const Flag& flag) { return !flag.action && flag.name != "config"; }

/// A plain scalar where that reads back as the same text, else quoted.
std::string yaml_text(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '/' || c == '.' || c == '_' || c == '-';
  });
  if (plain && text[0] != '-') return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

/// "number, 1 to 100", "one of a, b", "TIME in seconds".
std::string type_text(const Flag& flag) {
  if (flag.is_switch()) return "true or false";
  if (!flag.choices.empty()) return fmt::format("one of {}", fmt::join(flag.choices, ", "));
  std::string text = flag.argument;
  if (!flag.type.range().empty()) text += ", " + flag.type.range();
  if (!flag.unit.empty()) text += fmt::format(", in {}", flag.unit);
  return flag.repeatable ? text + ", may be a list" : text;
}

/// The lines of one flag, \p key its name in the section that holds it.
std::string entry(const Flag& flag, const std::string& key, const std::string& indent) {
  const std::string none = flag.is_switch() ? "false" : flag.argument;
  const std::string value = flag.initial.empty() ? none : flag.initial;
  const char* note = flag.initial.empty() && !flag.is_switch() ? "; unset" : "";
  return fmt::format("{0}# {1} ({2}{3})\n{0}#{4}: {5}\n", indent, flag.brief, type_text(flag), note,
                     key, flag.secret ? "'${VARIABLE}'" : yaml_text(value));
}

/// The settings of all programs, by section; each once.
std::map<std::string, std::vector<Flag>> settings_of(const std::vector<Program>& programs) {
  std::map<std::string, std::vector<Flag>> sections;
  for (const Program& program : programs) {
    for (const Command& command : program.commands) {
      for (const Flag& flag : command.flags) {
        if (flag.key.empty()) continue;
        auto& known = sections[flag.key.substr(0, flag.key.find('.'))];
        const auto same = [&flag](const Flag& other) { return other.key == flag.key; };
        if (std::none_of(known.begin(), known.end(), same)) known.push_back(flag);
      }
    }
  }
  return sections;
}

/// \p flags below their common key \p prefix, maps in it last.
std::string settings_section(const std::string& prefix, const std::vector<Flag>& flags,
                             const std::string& indent) {
  std::string out;
  std::map<std::string, std::vector<Flag>> inner;
  for (const Flag& flag : flags) {
    const std::string name = flag.key.substr(prefix.size() + 1);
    if (const auto dot = name.find('.'); dot != std::string::npos) {
      inner[name.substr(0, dot)].push_back(flag);
    } else {
      out += entry(flag, name, indent);
    }
  }
  for (const auto& [name, below] : inner)
    out += fmt::format("{}{}:\n{}", indent, name,
                       settings_section(prefix + "." + name, below, indent + "  "));
  return out;
}

std::string program_section(const Program& program) {
  std::string out = fmt::format("\n# {}\n{}:\n", program.brief, program.name);
  for (const Command& command : program.commands) {
    if (!command.reads_config) continue;
    std::string entries;
    for (const Flag& flag : command.flags) {
      if (settable(flag) && flag.key.empty()) entries += entry(flag, flag.name, "    ");
    }
    if (!entries.empty())
      out += fmt::format("  # {}\n  {}:\n{}", command.brief, command.name, entries);
  }
  return out;
}

}  // namespace

std::string shown_value(const Flag& flag, const FlagValues& values) {
  if (flag.is_switch()) return values.on(flag.name) ? "true" : "false";
  std::vector<std::string> texts = values.list(flag.name);
  for (std::string& text : texts) {
    if (flag.secret) text = "***";
    if (flag.type.is_location()) text = without_password(text);
  }
  return fmt::format("{}", fmt::join(texts, ","));
}

const char* to_string(Origin origin) {
  switch (origin) {
    case Origin::kConfig:
      return "config";
    case Origin::kEnvironment:
      return "environment";
    case Origin::kCommandLine:
      return "flag";
    default:
      return "default";
  }
}

std::string config_template(const std::vector<Program>& programs) {
  std::string out = std::string(kHead) + "\n# Every command\n";
  for (const Flag& flag : common_flags()) {
    if (settable(flag)) out += entry(flag, flag.name, "");
  }
  for (const auto& [section, flags] : settings_of(programs)) {
    out += fmt::format("\n{}:\n{}", section, settings_section(section, flags, "  "));
  }
  for (const Program& program : programs) out += program_section(program);
  return out;
}

}  // namespace m8::cli
