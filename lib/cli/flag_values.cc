#include "cli/flag_values.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/file.h"
#include "net/rate_limiter.h"

namespace m8::cli {
namespace {

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

/// The choice that \p text names in any case and with white space around; else \p text.
std::string as_choice(const Flag& flag, std::string text) {
  const std::string_view word = trim(text);
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  const auto found =
      std::find_if(flag.choices.begin(), flag.choices.end(), [&](const std::string& choice) {
        return std::equal(choice.begin(), choice.end(), word.begin(), word.end(), same);
      });
  return found == flag.choices.end() ? std::move(text) : *found;
}

std::vector<std::string> values_of(const Flag& flag, const std::vector<std::string>& texts) {
  if (!flag.repeatable || flag.literal) return texts;
  std::vector<std::string> values;
  for (const std::string& text : texts) {
    for (std::string& part : split_commas(text)) values.push_back(as_choice(flag, std::move(part)));
  }
  return values;
}

Status check(const Flag& flag, const std::string& value) {
  const auto& choices = flag.choices;
  if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("not one of {}: {}", fmt::join(choices, ", "), value)};
  }
  if (!flag.is_switch()) return check_value(flag.type, value, flag.secret);
  const auto state = parse_switch(value);
  if (state.ok()) return {};
  return Error{state.error().code, fmt::format("{}: {}", state.error().message, value)};
}

[[noreturn]] void bug(std::string_view name, const char* what) {
  fmt::print(stderr, "bug: flag {}: {}\n", name, what);
  std::abort();
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
  auto values = checked_values(flag, texts);
  if (!values.ok()) return values.error().with_context(where);
  entries_.find(flag.name)->second = Entry{&flag, origin, where, std::move(*values)};
  return {};
}

const FlagValues::Entry& FlagValues::entry(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) bug(name, "was not declared");
  return found->second;
}

const FlagValues::Entry& FlagValues::entry(std::string_view name, ValueType::Kind kind) const {
  const Entry& e = entry(name);
  if (e.flag->type.kind != kind) bug(name, "was declared with another type");
  return e;
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

long long FlagValues::amount(std::string_view name, ValueType::Kind kind) const {
  const Entry& e = entry(name, kind);
  if (e.texts.empty()) return 0;
  const std::string& value = e.texts.back();
  if (kind == ValueType::Kind::kDuration) return parse_duration(value).value_or(0);
  if (kind == ValueType::Kind::kSize) return parse_size(value).value_or(0);
  return parse_number(value).value_or(0);
}

net::Rate FlagValues::rate(std::string_view name) const {
  const Entry& e = entry(name, ValueType::Kind::kRate);
  return e.texts.empty() ? net::Rate() : net::Rate::parse(e.texts.back()).value_or(net::Rate());
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

Result<std::vector<std::string>> checked_values(const Flag& flag,
                                                const std::vector<std::string>& texts) {
  std::vector<std::string> values = values_of(flag, texts);
  for (const std::string& value : values) M8_TRY(check(flag, value));
  return values;
}

}  // namespace m8::cli
