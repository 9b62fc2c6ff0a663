#include "cli/generate.h"

#include <algorithm>

#include <fmt/format.h>

namespace m8::cli {
namespace {

struct Kind {
  const char* name;
  std::string (*write)(const Program&);
};
constexpr Kind kKinds[] = {
    {"man", man_page}, {"bash", complete_bash}, {"zsh", complete_zsh}, {"fish", complete_fish}};

}  // namespace

Result<std::string> generate(const Program& program, const std::string& kind) {
  M8_TRY(check_records(program));
  for (const Kind& known : kKinds) {
    if (kind == known.name) return known.write(program);
  }
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("--generate: not one of man, bash, zsh, fish: {}", kind)};
}

std::vector<std::pair<std::string, std::string>> next_words(const Program& program,
                                                            const std::string& prefix) {
  std::vector<std::pair<std::string, std::string>> words;
  const std::string start = prefix.empty() ? "" : prefix + " ";
  for (const Command& command : program.commands) {
    if (command.name.rfind(start, 0) != 0) continue;
    const std::string rest = command.name.substr(start.size());
    const std::size_t blank = rest.find(' ');
    const std::string word = rest.substr(0, blank);
    const bool group = blank != std::string::npos;
    if (!words.empty() && words.back().first == word) {
      words.back().second += ", " + rest.substr(blank + 1);
    } else {
      words.emplace_back(word, group ? rest.substr(blank + 1) : command.brief);
    }
  }
  return words;
}

std::vector<std::string> command_prefixes(const Program& program) {
  std::vector<std::string> prefixes = {""};
  for (const Command& command : program.commands) {
    for (std::size_t blank = command.name.find(' '); blank != std::string::npos;
         blank = command.name.find(' ', blank + 1)) {
      const std::string group = command.name.substr(0, blank);
      if (std::find(prefixes.begin(), prefixes.end(), group) == prefixes.end())
        prefixes.push_back(group);
    }
  }
  return prefixes;
}

std::vector<std::string> dashed_names(const Flag& flag) {
  std::vector<std::string> names;
  for (const std::string& alias : flag.aliases) {
    names.push_back((alias.size() > 3 ? "--" : "-") + alias);
  }
  std::stable_sort(names.begin(), names.end(),
                   [](const auto& a, const auto& b) { return a.size() < b.size(); });
  names.push_back((flag.name.size() == 1 ? "-" : "--") + flag.name);
  return names;
}

}  // namespace m8::cli
