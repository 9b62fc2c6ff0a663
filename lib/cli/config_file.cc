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

/// Lines on which keys stand: each may stand there once.
using Seen = std::map<std::string, int>;

/// A part of the file: the whole, what is below a program, or below a command.
struct Section {
  std::string name;                  ///< "", "num8", "scan", "num8.scan"
  const Command* command = nullptr;  ///< null: not below one
  bool program = false;              ///< below the program's name
  bool ours = true;                  ///< for the command that runs
  std::vector<Flag> known;           ///< what may be set in it
  /// Inner ones go before outer ones.
  int depth() const { return (program ? 1 : 0) + (command ? 2 : 0); }
};

/// A key and its value that set something once the whole file was read.
struct Entry {
  int depth = 0;
  bool ours = true;
  std::string key;  ///< dotted
  Flag flag;
  const yaml::Node* node = nullptr;  ///< borrowed from the tree
};

class Reader {
 public:
  Reader(const std::string& path, const Program& program, const Command& command,
         const std::vector<Flag>& flags, FlagValues& values)
      : path_(path), program_(program), command_(command), flags_(flags), values_(values) {}

  ConfigReport take_report() { return std::move(report_); }
  void read_file(const yaml::Node& root);

 private:
  void read_section(const Section& section, const yaml::Node& node);
  void read_key(const Section& section, const std::string& key, const yaml::Node& node);
  void read_settings(const Section& section, const std::string& key, const yaml::Node& node);
  void read_inner(const Section& inner, const std::string& rest, const yaml::Node& node);
  void take(const Section& section, const std::string& key, const Flag& flag,
            const yaml::Node& node);
  Status set(const Entry& entry);
  Status resolve(const Flag& flag, std::vector<std::string>& texts);
  void warn_if_open(const std::string& file);
  bool first(Seen& seen, const std::string& id, const std::string& key, const yaml::Node& node);
  void unknown_key(const Section& section, const std::string& key, const yaml::Node& node);
  std::vector<std::string> valid_keys(const Section& section) const;
  Section program_section() const;
  Section command_section(const Section& outer, const Command& command) const;
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
  FlagValues& values_;
  std::vector<Entry> entries_;
  Seen set_;  ///< section and flag, however its key is written
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

/// Whether \p prefix is what several settings have in common: "http", "http.breaker".
bool has_section(const std::vector<Flag>& flags, const std::string& prefix) {
  return std::any_of(flags.begin(), flags.end(),
                     [&](const Flag& flag) { return flag.key.rfind(prefix + ".", 0) == 0; });
}

bool Reader::first(Seen& seen, const std::string& id, const std::string& key,
                   const yaml::Node& node) {
  const auto [found, inserted] = seen.emplace(id, node.key_line());
  if (!inserted) problem(node, fmt::format("{}: duplicate of line {}", key, found->second));
  return inserted;
}

/// The inner sections' values last, so that they win.
void Reader::read_file(const yaml::Node& root) {
  Section all;
  all.known = every_flag();
  read_section(all, root);
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.depth < b.depth; });
  for (const Entry& entry : entries_) {
    const Status good = set(entry);
    if (!good.ok()) problem(*entry.node, fmt::format("{}: {}", entry.key, good.error().message));
  }
}

void Reader::read_section(const Section& section, const yaml::Node& node) {
  if (node.is_null()) return;
  if (!node.is_map()) return problem(node, "not a map of flag names and values");
  Seen seen;
  for (const auto& [name, value] : node.members()) {
    const std::string key(name);
    if (first(seen, key, key, value)) read_key(section, key, value);
  }
}

/// \p key may be a path: "num8.scan.severity" is severity in the map scan in the map num8.
void Reader::read_key(const Section& section, const std::string& key, const yaml::Node& node) {
  const auto dot = key.find('.');
  const std::string head = key.substr(0, dot);
  const std::string rest = dot == std::string::npos ? "" : key.substr(dot + 1);
  const bool path = !rest.empty() || !node.is_scalar();
  if (section.depth() == 0 && is_program(head)) {
    if (head == program_.name) read_inner(program_section(), rest, node);
    return;
  }
  const Command* command = section.command || !path ? nullptr : find_command(head);
  if (command) return read_inner(command_section(section, *command), rest, node);
  if (is_settings(head) && path) {
    // No command of this program may have any of them.
    if (section.depth() == 0 && !has_section(section.known, head)) return;
    return read_settings(section, key, node);
  }
  const Flag* flag = find_flag(section.known, key);
  settable(flag) ? take(section, key, *flag, node) : unknown_key(section, key, node);
}

void Reader::read_inner(const Section& inner, const std::string& rest, const yaml::Node& node) {
  rest.empty() ? read_section(inner, node) : read_key(inner, rest, node);
}

void Reader::read_settings(const Section& section, const std::string& key, const yaml::Node& node) {
  if (const Flag* flag = find_key(section.known, key)) return take(section, key, *flag, node);
  if (!has_section(section.known, key)) return unknown_key(section, key, node);
  if (node.is_null()) return;
  if (!node.is_map()) return problem(node, key + ": not a map of settings");
  Seen seen;
  for (const auto& [name, value] : node.members()) {
    const std::string inner = fmt::format("{}.{}", key, name);
    if (first(seen, std::string(name), inner, value)) read_settings(section, inner, value);
  }
}

void Reader::take(const Section& section, const std::string& key, const Flag& flag,
                  const yaml::Node& node) {
  if (first(set_, section.name + ":" + flag.name, key, node))
    entries_.push_back({section.depth(), section.ours, key, flag, &node});
}

/// The scalars of a scalar or a list; empty if there is anything else.
std::vector<std::string> texts_of(const yaml::Node& node) {
  std::vector<std::string> texts;
  if (node.is_scalar()) texts.push_back(node.str());
  for (const yaml::Node& item : node.items()) {
    if (!item.is_scalar()) return {};
    texts.push_back(item.str());
  }
  return texts;
}

/// Checks the value, and sets it if the flag is one of the command's own. The reason alone if it is
/// wrong.
Status Reader::set(const Entry& entry) {
  std::vector<std::string> texts = texts_of(*entry.node);
  if (texts.empty()) return Error{ErrorCode::kInvalidArgument, "not a value or a list of values"};
  if (!entry.flag.repeatable && texts.size() > 1)
    return Error{ErrorCode::kInvalidArgument, "takes one value"};
  const Flag* own = entry.ours ? find_flag(flags_, entry.flag.name) : nullptr;
  const bool referred = std::any_of(texts.begin(), texts.end(), has_reference);
  if (!own && referred) return {};
  Flag checked = own ? *own : entry.flag;
  checked.secret = checked.secret || referred;  // what a reference stands for is not shown
  if (own) M8_TRY(resolve(*own, texts));
  (void)M8_TRY(checked_values(checked, texts));
  if (!own) return {};
  const std::string place = fmt::format("{}:{}: {}", path_, entry.node->key_line(), entry.key);
  return values_.set(*own, texts, Origin::kConfig, place);
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

Section Reader::program_section() const {
  return {program_.name, nullptr, true, true, every_flag()};
}

Section Reader::command_section(const Section& outer, const Command& command) const {
  const bool ours = command.name == command_.name;
  return {outer.name + (outer.name.empty() ? "" : ".") + command.name, &command, outer.program,
          ours, ours ? flags_ : all_flags(command)};
}

/// What may stand in \p section, the nearest meaning of a misspelling first.
std::vector<std::string> Reader::valid_keys(const Section& section) const {
  std::vector<std::string> keys, names, parts;
  for (const Flag& flag : section.known) {
    if (!settable(&flag)) continue;
    keys.push_back(flag.key.empty() ? flag.name : flag.key);
    if (flag.key.empty()) continue;
    names.push_back(flag.name);
    for (auto dot = flag.key.find('.'); dot != std::string::npos; dot = flag.key.find('.', dot + 1))
      parts.push_back(flag.key.substr(0, dot));
  }
  if (!section.command)
    for (const Command& command : program_.commands) parts.push_back(command.name);
  if (section.depth() == 0) {
    parts.insert(parts.end(), setting_sections().begin(), setting_sections().end());
    parts.insert(parts.end(), kPrograms.begin(), kPrograms.end());
  }
  keys.insert(keys.end(), names.begin(), names.end());
  keys.insert(keys.end(), parts.begin(), parts.end());
  return keys;
}

void Reader::unknown_key(const Section& section, const std::string& key, const yaml::Node& node) {
  const std::vector<std::string> valid = valid_keys(section);
  std::string meant = nearest(key, valid);
  const auto dot = key.find('.');
  if (meant.empty() && dot != std::string::npos) {
    meant = nearest(key.substr(0, dot), valid);
    if (!meant.empty()) meant += key.substr(dot);
  }
  std::string message = "unknown key: " + key;
  if (const std::string reason = refusal(command_.refused, key); !reason.empty()) {
    problem(node, fmt::format("{} is not supported: {}", key, reason));
    report_.problems.back().unknown_key = true;
    return;
  }
  if (!meant.empty()) {
    message += fmt::format(" (did you mean {}?)", meant);
  } else if (!section.command) {
    message += fmt::format(" (not of {}; other programs' keys go below their name)", program_.name);
  }
  problem(node, message);
  report_.problems.back().unknown_key = true;
}

/// The file's tree; a problem of the file as a whole if there is none.
Result<yaml::Tree> read_tree(const std::string& path) {
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
  Reader reader(path, program, command, flags, values);
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
