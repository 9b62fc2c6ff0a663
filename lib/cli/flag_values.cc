#include "cli/flag_values.h"

#include <algorithm>
#include <cassert>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace m8::cli {
namespace {

constexpr double kLongestMilliseconds = 1e15;
constexpr std::size_t kWordLength = 4;  ///< shorter aliases are abbreviations

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const auto comma = text.find(',');
    if (comma != 0 && !text.empty()) parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

std::vector<std::string> values_of(const Flag& flag, const std::vector<std::string>& texts) {
  if (!flag.repeatable || flag.literal) return texts;
  std::vector<std::string> values;
  for (const std::string& text : texts) {
    for (std::string& part : split_commas(text)) values.push_back(std::move(part));
  }
  return values;
}

Status check(const Flag& flag, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (flag.is_switch()) {
      if (const auto state = parse_switch(value); !state.ok()) return state.error();
    }
    const auto& choices = flag.choices;
    if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("not one of {}: {}", fmt::join(choices, ", "), value)};
    }
  }
  return {};
}

/// Milliseconds of one unit, 0 if unknown.
double unit_milliseconds(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return 1e3;
  if (unit == "m") return 60e3;
  if (unit == "h") return 3600e3;
  if (unit == "d") return 86400e3;
  return 0;
}

const char* non_empty(const std::string& variable) {
  const char* text = std::getenv(variable.c_str());
  return text && *text ? text : nullptr;
}

/// The variable that sets \p flag, and its text; null if none does.
std::pair<std::string, const char*> find_variable(const Flag& flag) {
  std::string variable = environment_name(flag.name);
  if (const char* text = non_empty(variable)) return {variable, text};
  for (const std::string& alias : flag.aliases) {
    if (alias.size() < kWordLength) continue;
    variable = environment_name(alias);
    if (const char* text = non_empty(variable)) return {variable, text};
  }
  if (flag.name == "no-color" && non_empty("NO_COLOR")) return {"NO_COLOR", "true"};
  return {};
}

}  // namespace

FlagValues::FlagValues(const std::vector<Flag>& flags) {
  for (const Flag& flag : flags) {
    Entry entry{&flag, Origin::kDefault, "--" + flag.name, {}};
    if (!flag.initial.empty()) entry.texts = values_of(flag, {flag.initial});
    entries_.emplace(flag.name, std::move(entry));
  }
}

Status FlagValues::set(const Flag& flag, const std::vector<std::string>& texts, Origin origin,
                       const std::string& where) {
  std::vector<std::string> values = values_of(flag, texts);
  if (const Status good = check(flag, values); !good.ok()) return good.error().with_context(where);
  entries_.find(flag.name)->second = Entry{&flag, origin, where, std::move(values)};
  return {};
}

const FlagValues::Entry& FlagValues::entry(std::string_view name) const {
  static const Flag undeclared;
  static const Entry none{&undeclared, Origin::kDefault, {}, {}};
  const auto found = entries_.find(name);
  assert(found != entries_.end() && "flag was not declared");
  return found == entries_.end() ? none : found->second;
}

bool FlagValues::on(std::string_view name) const {
  const Entry& e = entry(name);
  return !e.texts.empty() && parse_switch(e.texts.back()).value_or(false);
}

std::string FlagValues::text(std::string_view name) const {
  const Entry& e = entry(name);
  return e.texts.empty() ? std::string() : e.texts.back();
}

std::vector<std::string> FlagValues::list(std::string_view name) const { return entry(name).texts; }

Result<long long> FlagValues::number(std::string_view name, long long min, long long max) const {
  const Entry& e = entry(name);
  const std::string value = text(name);
  long long number = 0;
  const char* end = value.data() + value.size();
  const auto [stopped, error] = std::from_chars(value.data(), end, number);
  if (error == std::errc::invalid_argument || stopped != end) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("{}: not a whole number: {}", e.where, value)};
  }
  if (error == std::errc::result_out_of_range || number < min || number > max) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("{}: must be {} to {}: {}", e.where, min, max, value)};
  }
  return number;
}

Result<long long> FlagValues::milliseconds(std::string_view name) const {
  auto duration = parse_duration(text(name));
  if (!duration.ok()) return duration.error().with_context(entry(name).where);
  return duration;
}

Origin FlagValues::origin(std::string_view name) const { return entry(name).origin; }

std::string environment_name(std::string_view flag) {
  std::string name = "M8_";
  for (const char c : flag) {
    name.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '-' ? '_' : c);
  }
  return name;
}

Status apply_environment(const std::vector<Flag>& flags, FlagValues& values) {
  for (const Flag& flag : flags) {
    if (flag.action) continue;
    const auto [variable, text] = find_variable(flag);
    if (text) M8_TRY(values.set(flag, {text}, Origin::kEnvironment, variable));
  }
  return {};
}

Result<bool> parse_switch(std::string_view text) {
  std::string word(text);
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  return Error{ErrorCode::kInvalidArgument, fmt::format("not true or false: {}", text)};
}

Result<long long> parse_duration(std::string_view text) {
  const Error bad{ErrorCode::kInvalidArgument, fmt::format("not a duration: {}", text)};
  if (text.empty()) return bad;
  double total = 0;
  bool first = true;
  while (!text.empty()) {
    double number = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, error] =
        std::from_chars(text.data(), end, number, std::chars_format::fixed);
    if (error != std::errc() || number < 0) return bad;
    text.remove_prefix(static_cast<std::size_t>(stopped - text.data()));
    const auto unit = text.substr(0, text.find_first_of("0123456789."));
    const double factor = text.empty() && first ? 1e3 : unit_milliseconds(unit);
    first = false;
    if (factor == 0) return bad;
    total += number * factor;
    if (!(total <= kLongestMilliseconds)) return bad;
    text.remove_prefix(unit.size());
  }
  return static_cast<long long>(total + 0.5);
}

}  // namespace m8::cli
