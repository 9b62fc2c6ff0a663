#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "cli/flag.h"
#include "cli/flag_values.h"
#include "cli/spelling.h"

namespace m8::cli {
namespace {

Flag common_switch(std::string name, std::vector<std::string> aliases, std::string brief,
                   std::string detail) {
  Flag flag;
  flag.name = std::move(name);
  flag.aliases = std::move(aliases);
  flag.section = "General";
  flag.brief = std::move(brief);
  flag.detail = std::move(detail);
  return flag;
}

/// Shown in each command's short help too, not only in the program's.
Flag common(Flag flag) {
  flag.common = true;
  return flag;
}

Flag action(std::string name, std::vector<std::string> aliases, std::string brief) {
  Flag flag = common_switch(std::move(name), std::move(aliases), std::move(brief), {});
  flag.action = true;
  return flag;
}

std::vector<Flag> make_common_flags() {
  Flag config = common_switch("config", {}, "read settings from this file",
                              "YAML; without this flag $XDG_CONFIG_HOME/m8/config.yaml is read if "
                              "it exists. See FILES.");
  config.argument = "FILE";
  config.complete = Complete::kFile;
  return {
      config,
      common(common_switch("verbose", {"v"}, "say more on stderr", "")),
      common(common_switch("quiet", {"q", "silent"}, "say nothing on stderr but errors",
                           "No progress line, no warnings. Results are not touched.")),
      common_switch("no-color", {"nc"}, "no colours",
                    "Colours appear on terminals only, and not when NO_COLOR is set."),
      common(action("help", {"h"}, "show the common flags and leave")),
      action("help-all", {}, "show all flags and leave"),
      action("version", {}, "show name, version and commit and leave"),
  };
}

Error contradiction(const Command& command, const std::string& flag, const char* reason) {
  return {ErrorCode::kInternal, fmt::format("{}: --{}: {}", command.name, flag, reason)};
}

/// "store.max_open" -> "store-max-open".
std::string name_of_key(std::string key) {
  std::replace(key.begin(), key.end(), '.', '-');
  std::replace(key.begin(), key.end(), '_', '-');
  return key;
}

Status check_key(const Command& command, const Flag& flag) {
  const auto& sections = setting_sections();
  const std::string section = flag.key.substr(0, flag.key.find('.'));
  if (std::find(sections.begin(), sections.end(), section) == sections.end())
    return contradiction(command, flag.name, "key of no section");
  const auto names = names_of({flag});
  if (std::find(names.begin(), names.end(), name_of_key(flag.key)) == names.end())
    return contradiction(command, flag.name, "not named as its key");
  return {};
}

Status check_flag(const Command& command, const Flag& flag) {
  if (flag.name.empty() || flag.brief.empty() || flag.section.empty()) {
    return contradiction(command, flag.name, "name, brief or section missing");
  }
  if (flag.is_switch() && (flag.repeatable || !flag.choices.empty())) {
    return contradiction(command, flag.name, "a switch has no values");
  }
  if (flag.complete == Complete::kChoices && flag.choices.empty()) {
    return contradiction(command, flag.name, "choices missing");
  }
  if (!flag.key.empty()) M8_TRY(check_key(command, flag));
  if (!flag.initial.empty()) {
    const auto values = checked_values(flag, {flag.initial});
    if (!values.ok()) return contradiction(command, flag.name, values.error().message.c_str());
  }
  return {};
}

}  // namespace

const std::vector<Flag>& common_flags() {
  static const std::vector<Flag> flags = make_common_flags();
  return flags;
}

const std::vector<std::string>& setting_sections() {
  static const std::vector<std::string> sections = {"store", "http", "queue", "cache", "alerts"};
  return sections;
}

Flag setting(std::string key, std::string argument, ValueType type, std::string initial,
             std::string brief) {
  Flag flag;
  flag.name = name_of_key(key);
  flag.argument = std::move(argument);
  flag.section = key.substr(0, key.find('.'));
  flag.section[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(flag.section[0])));
  flag.brief = std::move(brief);
  flag.initial = std::move(initial);
  flag.type = type;
  flag.key = std::move(key);
  return flag;
}

std::vector<Flag> all_flags(const Command& command) {
  std::vector<Flag> flags = command.flags;
  for (const Flag& flag : common_flags()) {
    if (!find_flag(command.flags, flag.name)) flags.push_back(flag);
  }
  return flags;
}

Status check_records(const Program& program) {
  for (const Command& command : program.commands) {
    std::set<std::string> seen;
    for (const Flag& flag : all_flags(command)) {
      M8_TRY(check_flag(command, flag));
      for (const std::string& name : names_of({flag})) {
        if (!seen.insert(name).second) return contradiction(command, name, "declared twice");
      }
    }
  }
  return {};
}

}  // namespace m8::cli
