#include "cli/config_file.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "base/file.h"
#include "base/yaml.h"
#include "cli/spelling.h"

namespace m8::cli {
namespace {

constexpr std::array<std::string_view, 3> kPrograms = {"asmm8", "num8", "m8"};
constexpr std::size_t kMaxBytes = 1u << 20;

class Reader {
 public:
  Reader(const std::string& path, const Program& program, const Command& command,
         const std::vector<Flag>& flags, FlagValues& values)
      : path_(path), program_(program), command_(command), flags_(flags), values_(values) {}

  /// The whole file.
  Status read_file(const yaml::Node& root) {
    return read_section(root, every_flag(), /*programs=*/true, /*commands=*/true);
  }

 private:
  Status read_section(const yaml::Node& section, const std::vector<Flag>& known, bool programs,
                      bool commands);
  Status read_command(const std::string& name, const yaml::Node& section);
  Status read_flag(const std::string& key, const yaml::Node& node);
  std::vector<Flag> every_flag() const;
  const Command* find_command(const std::string& name) const;
  Error unknown_key(const std::string& key, const yaml::Node& node, const std::vector<Flag>& known,
                    bool sections) const;
  std::string where(const yaml::Node& node) const {
    return fmt::format("{}:{}", path_, node.key_line());
  }

  const std::string& path_;
  const Program& program_;
  const Command& command_;
  const std::vector<Flag>& flags_;
  FlagValues& values_;
};

bool is_program(std::string_view name) {
  return std::find(kPrograms.begin(), kPrograms.end(), name) != kPrograms.end();
}

/// The flags of this level first, then the sections, so that the inner one wins.
Status Reader::read_section(const yaml::Node& section, const std::vector<Flag>& known,
                            bool programs, bool commands) {
  if (section.is_null()) return {};
  if (!section.is_map()) {
    return Error{ErrorCode::kInvalidArgument,
                 where(section) + ": not a map of flag names and values"};
  }
  std::vector<const yaml::Node::Member*> inner;
  for (const auto& member : section.members()) {
    const auto& [key, node] = member;
    const bool is_section =
        (programs && is_program(key)) || (commands && find_command(key) && !node.is_scalar());
    const Flag* flag = find_flag(known, key);
    if (is_section) {
      inner.push_back(&member);
    } else if (!flag || flag->action || flag->name == "config") {
      return unknown_key(key, node, known, commands);
    } else {
      M8_TRY(read_flag(key, node));
    }
  }
  for (const auto* member : inner) {
    const auto& [key, node] = *member;
    if (key == program_.name && programs) {
      M8_TRY(read_section(node, known, false, true));
    } else if (find_command(key)) {
      M8_TRY(read_command(key, node));
    }
  }
  return {};
}

Status Reader::read_command(const std::string& name, const yaml::Node& section) {
  if (name == command_.name) return read_section(section, flags_, false, false);
  const Command& other = *find_command(name);
  const std::vector<Flag> other_flags = all_flags(other);
  FlagValues other_values(other_flags);  // keys and values are checked, then forgotten
  Reader reader(path_, program_, other, other_flags, other_values);
  return reader.read_section(section, other_flags, false, false);
}

Status Reader::read_flag(const std::string& key, const yaml::Node& node) {
  const std::string place = fmt::format("{}: {}", where(node), key);
  std::vector<std::string> texts;
  if (node.is_scalar()) {
    texts.push_back(node.text());
  } else if (node.is_sequence()) {
    for (const yaml::Node& item : node.items()) {
      if (!item.is_scalar()) break;
      texts.push_back(item.text());
    }
  }
  if (texts.empty() || (node.is_sequence() && texts.size() != node.items().size())) {
    return Error{ErrorCode::kInvalidArgument, place + ": not a value or a list of values"};
  }
  const Flag* flag = find_flag(flags_, key);
  if (!flag) return {};  // a flag of another command of this program
  if (!flag->repeatable && texts.size() > 1) {
    return Error{ErrorCode::kInvalidArgument, place + ": takes one value"};
  }
  return values_.set(*flag, texts, Origin::kConfig, place);
}

std::vector<Flag> Reader::every_flag() const {
  std::vector<Flag> flags = flags_;
  for (const Command& command : program_.commands) {
    flags.insert(flags.end(), command.flags.begin(), command.flags.end());
  }
  return flags;
}

const Command* Reader::find_command(const std::string& name) const {
  for (const Command& command : program_.commands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

Error Reader::unknown_key(const std::string& key, const yaml::Node& node,
                          const std::vector<Flag>& known, bool sections) const {
  std::vector<std::string> names;
  for (const Flag& flag : known) {
    if (!flag.action && flag.name != "config") names.push_back(flag.name);
  }
  if (sections) {
    for (const Command& command : program_.commands) names.push_back(command.name);
  }
  std::string message = fmt::format("{}: unknown key: {}", where(node), key);
  if (const auto meant = nearest(key, names); !meant.empty()) {
    message += fmt::format(" (did you mean {}?)", meant);
  } else if (sections) {
    message += fmt::format(" (not of {}; other programs' keys go below their name)", program_.name);
  }
  return {ErrorCode::kInvalidArgument, message};
}

}  // namespace

std::string default_config_path() {
  std::filesystem::path folder;
  if (const char* xdg = std::getenv("XDG_CONFIG_HOME"); xdg && *xdg) {
    folder = xdg;
  } else if (const char* home = std::getenv("HOME"); home && *home) {
    folder = std::filesystem::path(home) / ".config";
  } else {
    return {};
  }
  const std::filesystem::path path = folder / "m8" / "config.yaml";
  std::error_code ignored;
  return std::filesystem::exists(path, ignored) ? path.string() : std::string();
}

Status apply_config(const std::string& path, const Program& program, const Command& command,
                    const std::vector<Flag>& flags, FlagValues& values) {
  const auto text = read_file(path, kMaxBytes);
  if (!text.ok()) return Error{ErrorCode::kInvalidArgument, "config: " + text.error().message};
  const auto root = yaml::parse(*text);
  if (!root.ok()) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("{}: {}", path, root.error().message)};
  }
  return Reader(path, program, command, flags, values).read_file(*root);
}

}  // namespace m8::cli
