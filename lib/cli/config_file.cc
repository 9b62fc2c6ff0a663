#include "cli/config_file.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/yaml.h"
#include "cli/environment.h"
#include "cli/reference.h"
#include "cli/spelling.h"

namespace m8::cli {
namespace {

constexpr std::array<std::string_view, 3> kPrograms = {"asmm8", "num8", "m8"};
constexpr std::size_t kMaxBytes = 1u << 20;

/// Lines on which the flags and sections of one level stand: each may stand there once.
using Seen = std::map<std::string, int>;

class Reader {
 public:
  /// \p values null: keys and values are checked only.
  Reader(const std::string& path, const Program& program, const Command& command,
         const std::vector<Flag>& flags, FlagValues* values)
      : path_(path), program_(program), command_(command), flags_(flags), values_(values) {}

  ConfigReport take_report() { return std::move(report_); }
  void read_file(const yaml::Node& root) { read_section(root, every_flag(), Level::kFile); }

 private:
  /// What may stand in a section besides flags and settings: programs and commands, commands, none.
  enum class Level { kFile, kProgram, kCommand };

  void read_section(const yaml::Node& section, const std::vector<Flag>& known, Level level);
  void read_inner(const std::string& key, const yaml::Node& node, Level level);
  void read_command(const std::string& name, const yaml::Node& section);
  void read_settings(const std::string& section, const yaml::Node& node,
                     const std::vector<Flag>& known, Level level, Seen& seen);
  void read_flag(const std::string& key, const Flag& flag, const yaml::Node& node);
  Status set(const Flag& flag, const yaml::Node& node, const std::string& place);
  Status resolve(const Flag& flag, std::vector<std::string>& texts);
  void warn_if_open(const std::string& file);
  bool is_inner(const std::string& key, const yaml::Node& node, Level level) const;
  bool first(Seen& seen, const std::string& id, const std::string& key, const yaml::Node& node);
  void unknown_key(const std::string& key, const yaml::Node& node, const std::vector<Flag>& known,
                   Level level);
  std::vector<Flag> every_flag() const;
  const Command* find_command(const std::string& name) const;
  void problem(const yaml::Node& node, const std::string& reason) {
    report_.problems.push_back(
        {node.key_line(), fmt::format("{}:{}: {}", path_, node.key_line(), reason)});
  }

  const std::string& path_;
  const Program& program_;
  const Command& command_;
  const std::vector<Flag>& flags_;
  FlagValues* values_;
  ConfigReport report_;
};

bool is_program(std::string_view name) {
  return std::find(kPrograms.begin(), kPrograms.end(), name) != kPrograms.end();
}

bool is_settings(const std::string& name) {
  const auto& names = setting_sections();
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Whether a key of the file may set \p flag.
bool settable(const Flag* flag) { return flag && !flag->action && flag->name != "config"; }

const Flag* find_key(const std::vector<Flag>& flags, const std::string& key) {
  const auto found =
      std::find_if(flags.begin(), flags.end(), [&](const Flag& flag) { return flag.key == key; });
  return found == flags.end() ? nullptr : &*found;
}

bool has_section(const std::vector<Flag>& flags, const std::string& section) {
  return std::any_of(flags.begin(), flags.end(),
                     [&](const Flag& flag) { return flag.key.rfind(section + ".", 0) == 0; });
}

bool Reader::is_inner(const std::string& key, const yaml::Node& node, Level level) const {
  if (level == Level::kFile && is_program(key)) return true;
  return level != Level::kCommand && find_command(key) && !node.is_scalar();
}

bool Reader::first(Seen& seen, const std::string& id, const std::string& key,
                   const yaml::Node& node) {
  const auto [found, inserted] = seen.emplace(id, node.key_line());
  if (!inserted) problem(node, fmt::format("{}: duplicate of line {}", key, found->second));
  return inserted;
}

/// The flags of this level first, then the sections, so that the inner one wins.
void Reader::read_section(const yaml::Node& section, const std::vector<Flag>& known, Level level) {
  if (section.is_null()) return;
  if (!section.is_map()) return problem(section, "not a map of flag names and values");
  std::vector<const yaml::Node::Member*> inner;
  Seen seen;
  for (const auto& member : section.members()) {
    const auto& [key, node] = member;
    const Flag* flag = find_flag(known, key);
    const bool settings = is_settings(key) && !node.is_scalar();
    if (is_inner(key, node, level)) {
      if (first(seen, key + ":", key, node)) inner.push_back(&member);
    } else if (settings) {
      if (first(seen, key + ":", key, node)) read_settings(key, node, known, level, seen);
    } else if (!settable(flag)) {
      unknown_key(key, node, known, level);
    } else if (first(seen, flag->name, key, node)) {
      read_flag(key, *flag, node);
    }
  }
  for (const auto* member : inner) read_inner(member->first, member->second, level);
}

void Reader::read_inner(const std::string& key, const yaml::Node& node, Level level) {
  if (level == Level::kFile && key == program_.name) {
    read_section(node, every_flag(), Level::kProgram);
  } else if (find_command(key)) {
    read_command(key, node);
  }
}

void Reader::read_command(const std::string& name, const yaml::Node& section) {
  if (name == command_.name) return read_section(section, flags_, Level::kCommand);
  const Command& other = *find_command(name);
  const std::vector<Flag> other_flags = all_flags(other);
  Reader reader(path_, program_, other, other_flags, nullptr);
  reader.read_section(section, other_flags, Level::kCommand);
  for (ConfigProblem& found : reader.report_.problems) report_.problems.push_back(std::move(found));
}

void Reader::read_settings(const std::string& section, const yaml::Node& node,
                           const std::vector<Flag>& known, Level level, Seen& seen) {
  if (node.is_null() || (level == Level::kFile && !has_section(known, section))) return;
  if (!node.is_map()) return problem(node, section + ": not a map of settings");
  for (const auto& [name, value] : node.members()) {
    const std::string key = section + "." + name;
    const Flag* flag = find_key(known, key);
    if (!flag) {
      unknown_key(key, value, known, level);
    } else if (first(seen, flag->name, key, value)) {
      read_flag(key, *flag, value);
    }
  }
}

void Reader::read_flag(const std::string& key, const Flag& flag, const yaml::Node& node) {
  const Status good = set(flag, node, fmt::format("{}:{}: {}", path_, node.key_line(), key));
  if (!good.ok()) problem(node, fmt::format("{}: {}", key, good.error().message));
}

/// The scalars of a scalar or a list; empty if there is anything else.
std::vector<std::string> texts_of(const yaml::Node& node) {
  std::vector<std::string> texts;
  if (node.is_scalar()) texts.push_back(node.text());
  for (const yaml::Node& item : node.items()) {
    if (!item.is_scalar()) return {};
    texts.push_back(item.text());
  }
  return texts;
}

/// Checks the value, and sets it if the flag is one of the command's own. The reason alone if it is
/// wrong.
Status Reader::set(const Flag& flag, const yaml::Node& node, const std::string& place) {
  std::vector<std::string> texts = texts_of(node);
  if (texts.empty()) return Error{ErrorCode::kInvalidArgument, "not a value or a list of values"};
  if (!flag.repeatable && texts.size() > 1)
    return Error{ErrorCode::kInvalidArgument, "takes one value"};
  const Flag* own = values_ ? find_flag(flags_, flag.name) : nullptr;
  bool referred = std::any_of(texts.begin(), texts.end(), has_reference);
  if (!own && referred) return {};
  Flag checked = own ? *own : flag;
  checked.secret = checked.secret || referred;  // what a reference stands for is not shown
  if (own) M8_TRY(resolve(*own, texts));
  (void)M8_TRY(checked_values(checked, texts));
  return own ? values_->set(*own, texts, Origin::kConfig, place) : Status();
}

Status Reader::resolve(const Flag& flag, std::vector<std::string>& texts) {
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  for (std::string& text : texts) {
    if (flag.secret && !has_reference(text)) warn_if_open(path_);
    Resolved resolved = M8_TRY(resolve_references(text, folder));
    text = std::move(resolved.text);
    if (!resolved.file.empty()) warn_if_open(resolved.file);
  }
  return {};
}

void Reader::warn_if_open(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0 || (status.st_mode & S_IROTH) == 0) return;
  const std::string warning = file + ": holds a secret and everybody may read it";
  auto& told = report_.warnings;
  if (std::find(told.begin(), told.end(), warning) == told.end()) told.push_back(warning);
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

void Reader::unknown_key(const std::string& key, const yaml::Node& node,
                         const std::vector<Flag>& known, Level level) {
  std::vector<std::string> names;
  for (const Flag& flag : known) {
    if (settable(&flag)) names.push_back(flag.key.empty() ? flag.name : flag.key);
  }
  for (const Flag& flag : known) {
    if (settable(&flag) && !flag.key.empty()) names.push_back(flag.name);
  }
  if (level != Level::kCommand) {
    for (const Command& command : program_.commands) names.push_back(command.name);
    names.insert(names.end(), setting_sections().begin(), setting_sections().end());
  }
  std::string message = "unknown key: " + key;
  if (const auto meant = nearest(key, names); !meant.empty()) {
    message += fmt::format(" (did you mean {}?)", meant);
  } else if (level != Level::kCommand) {
    message += fmt::format(" (not of {}; other programs' keys go below their name)", program_.name);
  }
  problem(node, message);
}

/// The file's tree; a problem of the file as a whole if there is none.
Result<yaml::Node> read_tree(const std::string& path) {
  const auto text = read_file(path, kMaxBytes);
  if (!text.ok()) return Error{ErrorCode::kInvalidArgument, "config: " + text.error().message};
  auto root = yaml::parse(*text);
  if (!root.ok()) return root.error().with_context(path);
  return root;
}

void sort_by_line(ConfigReport& report) {
  std::stable_sort(report.problems.begin(), report.problems.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
}

}  // namespace

std::string config_path() {
  std::filesystem::path folder = environment("XDG_CONFIG_HOME");
  if (folder.empty()) {
    const std::string home = environment("HOME");
    if (home.empty()) return {};
    folder = std::filesystem::path(home) / ".config";
  }
  return (folder / "m8" / "config.yaml").string();
}

std::string default_config_path() {
  const std::string path = config_path();
  std::error_code ignored;
  return std::filesystem::exists(path, ignored) ? path : std::string();
}

ConfigReport apply_config(const std::string& path, const Program& program, const Command& command,
                          const std::vector<Flag>& flags, FlagValues& values) {
  const auto root = read_tree(path);
  if (!root.ok()) return {{{0, root.error().message}}, {}};
  Reader reader(path, program, command, flags, &values);
  reader.read_file(*root);
  ConfigReport report = reader.take_report();
  sort_by_line(report);
  return report;
}

ConfigReport check_config(const std::string& path, const std::vector<Program>& programs) {
  ConfigReport all;
  std::set<std::string> told;
  for (const Program& program : programs) {
    for (const Command& command : program.commands) {
      const std::vector<Flag> flags = all_flags(command);
      FlagValues values(flags);
      ConfigReport one = apply_config(path, program, command, flags, values);
      for (ConfigProblem& problem : one.problems) {
        if (told.insert(problem.message.substr(0, problem.message.find(" ("))).second)
          all.problems.push_back(std::move(problem));
      }
      for (std::string& warning : one.warnings) {
        if (told.insert(warning).second) all.warnings.push_back(std::move(warning));
      }
    }
  }
  sort_by_line(all);
  return all;
}

}  // namespace m8::cli
