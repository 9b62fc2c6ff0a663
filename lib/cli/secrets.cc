#include "cli/secrets.h"

#include <algorithm>
#include <cctype>

#include "cli/spelling.h"

namespace m8::cli {
namespace {

constexpr const char* kMask = "***";

bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
}

/// Where the name ends that \p text begins with.
std::size_t end_of_name(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_name) -
                                  text.begin());
}

/// "NAME=VALUE", and of a header "Name: value": elsewhere what has a colon is a host and its port.
std::string without_named_secret(std::string text, bool header) {
  const std::size_t end = end_of_name(text);
  if (end == 0 || end >= text.size() || (text[end] != '=' && (text[end] != ':' || !header)))
    return text;
  if (!names_secret(std::string_view(text).substr(0, end))) return text;
  const bool blank = text[end] == ':' && end + 1 < text.size() && text[end + 1] == ' ';
  return text.substr(0, end + (blank ? 2 : 1)) + kMask;
}

/// The parameters of a query.
std::string without_secret_parameters(std::string text) {
  for (std::size_t at = text.find_first_of("?&"); at != std::string::npos;
       at = text.find_first_of("?&", at + 1)) {
    const auto rest = std::string_view(text).substr(at + 1);
    const std::size_t end = end_of_name(rest);
    if (end >= rest.size() || rest[end] != '=' || !names_secret(rest.substr(0, end))) continue;
    const std::size_t value = at + 1 + end + 1;
    text.replace(value, std::min(text.find_first_of("&# ", value), text.size()) - value, kMask);
  }
  return text;
}

std::string masked(const Flag* flag, std::string_view value) {
  if (flag && flag->secret) return kMask;
  const bool header = flag && flag->name == "header";
  return without_secret_parameters(without_named_secret(without_password(value), header));
}

}  // namespace

bool names_secret(std::string_view name) {
  constexpr std::string_view kWords[] = {"auth",   "authorization", "cookie", "credential", "key",
                                         "apikey", "credentials",   "pass",   "passwd",     "pwd",
                                         "sid",    "session",       "login"};
  constexpr std::string_view kEnds[] = {"password", "secret", "token", "apikey"};
  std::string word;
  const auto secret = [&] {
    return std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords) ||
           std::any_of(std::begin(kEnds), std::end(kEnds),
                       [&](std::string_view end) { return word.ends_with(end); });
  };
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c))) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      continue;
    }
    if (secret()) return true;
    word.clear();
  }
  return secret();
}

std::vector<std::string> without_secrets(const std::vector<Flag>& flags,
                                         const std::vector<std::string>& arguments) {
  std::vector<std::string> out;
  const Flag* flag = nullptr;  // whose value comes next
  bool all_positional = false;
  for (const std::string& argument : arguments) {
    if (argument.size() < 2 || argument[0] != '-' || all_positional || flag) {
      out.push_back(masked(flag, argument));
      flag = nullptr;
      continue;
    }
    const Spelled spelled = take_apart(argument);
    all_positional = argument == "--";
    const Flag* found = find_flag(flags, spelled.name);
    if (spelled.has_value) {
      const std::string_view name =
          std::string_view(argument).substr(0, argument.size() - spelled.value.size());
      out.push_back(std::string(name) + masked(found, spelled.value));
    } else {
      out.push_back(argument);
      flag = found && !found->is_switch() ? found : nullptr;
    }
  }
  return out;
}

}  // namespace m8::cli
