#include "cli/spelling.h"

#include <algorithm>

#include <fmt/format.h>

namespace m8::cli {
namespace {

constexpr std::size_t kLongestName = 64;  ///< nobody misspells more than that

/// Edit distance with swaps of neighbours counted once (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

Error unknown_flag(const std::vector<Flag>& flags, const Spelled& spelled) {
  std::string message = fmt::format("unknown flag: {}{}", spelled.dashes, spelled.name);
  if (const auto meant = nearest(spelled.name, names_of(flags)); !meant.empty()) {
    const std::string_view dashes = meant.size() == 1 ? "-" : spelled.dashes;
    message += fmt::format(" (did you mean {}{}?)", dashes, meant);
  }
  return {ErrorCode::kInvalidArgument, message};
}

Error missing_value(const std::string& argument, const Flag& flag, const std::string& next) {
  std::string message = fmt::format("missing value: {} {}", argument, flag.argument);
  if (!next.empty()) {
    message += fmt::format(" ({0} is a flag; write {1}={0} to mean it)", next, argument);
  }
  return {ErrorCode::kInvalidArgument, message};
}

}  // namespace

Spelled take_apart(std::string_view argument) {
  Spelled spelled;
  const std::size_t dashes = argument.substr(0, 2) == "--" ? 2 : 1;
  spelled.dashes = argument.substr(0, dashes);
  spelled.name = argument.substr(dashes);
  if (const auto equals = spelled.name.find('='); equals != std::string_view::npos) {
    spelled.value = spelled.name.substr(equals + 1);
    spelled.name = spelled.name.substr(0, equals);
    spelled.has_value = true;
  }
  return spelled;
}

const Flag* find_flag(const std::vector<Flag>& flags, std::string_view name) {
  for (const Flag& flag : flags) {
    if (flag.name == name) return &flag;
    for (const std::string& alias : flag.aliases) {
      if (alias == name) return &flag;
    }
  }
  return nullptr;
}

std::string refusal(const std::vector<RefusedFlags>& refused, std::string_view name) {
  for (const RefusedFlags& one : refused)
    if (std::find(one.names.begin(), one.names.end(), name) != one.names.end()) return one.reason;
  return {};
}

Result<std::vector<std::string>> rewrite(const std::vector<Flag>& flags,
                                         const std::vector<std::string>& arguments,
                                         const std::vector<RefusedFlags>& refused) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      out.insert(out.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
      break;
    }
    if (argument.size() < 2 || argument[0] != '-') {
      out.push_back(argument);
      continue;
    }
    const Spelled spelled = take_apart(argument);
    const Flag* flag = find_flag(flags, spelled.name);
    if (!flag) {
      const std::string reason = refusal(refused, spelled.name);
      if (reason.empty()) return unknown_flag(flags, spelled);
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("{}{} is not supported: {}", spelled.dashes, spelled.name, reason)};
    }
    out.push_back("--" + flag->name);
    if (spelled.has_value && !spelled.value.empty()) {
      out.back().append("=").append(spelled.value);
    } else if (spelled.has_value) {
      out.emplace_back();  // CLI11 takes the next argument for the value of "--name="
    } else if (!flag->is_switch()) {
      if (i + 1 == arguments.size()) return missing_value(argument, *flag, "");
      if (width_of(flags, arguments[i + 1]) > 0) {
        return missing_value(argument, *flag, arguments[i + 1]);
      }
      out.push_back(arguments[++i]);
    }
  }
  return out;
}

std::size_t width_of(const std::vector<Flag>& flags, std::string_view argument) {
  if (argument.size() < 2 || argument[0] != '-') return 0;
  const Spelled spelled = take_apart(argument);
  const Flag* flag = find_flag(flags, spelled.name);
  if (!flag) return 0;
  return flag->is_switch() || spelled.has_value ? 1 : 2;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string found;
  std::size_t best = kLongestName;
  if (word.size() < 2 || word.size() > kLongestName) return found;
  for (const std::string& candidate : candidates) {
    if (candidate.size() < 2) continue;
    const std::size_t allowed =
        std::max<std::size_t>(1, std::max(word.size(), candidate.size()) / 3);
    const std::size_t d = distance(word, candidate);
    if (d <= allowed && d < best) {
      best = d;
      found = candidate;
    }
  }
  return found;
}

std::vector<std::string> names_of(const std::vector<Flag>& flags) {
  std::vector<std::string> names;
  for (const Flag& flag : flags) {
    names.push_back(flag.name);
    names.insert(names.end(), flag.aliases.begin(), flag.aliases.end());
  }
  return names;
}

}  // namespace m8::cli
