#include "operators/fields.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "dsl/go_time.h"
#include "dsl/number.h"
#include "dsl/value.h"

namespace m8::operators {
namespace {

/// The member, unless it is absent or null.
const yaml::Node* present(const yaml::Node& map, std::string_view key) {
  const yaml::Node* node = map.find(key);
  return node == nullptr || node->is_null() ? nullptr : node;
}

std::string trimmed_lower(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  std::string out(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// A date, or a date and a time, as Go prints a time in UTC.
std::optional<std::string> time_text(std::string_view text) {
  constexpr std::size_t kShortest = 8;  // 2006-1-2
  if (text.size() < kShortest || text[4] != '-') return std::nullopt;
  for (const std::string_view layout : {"2006-1-2", "2006-1-2 15:4:5"}) {
    if (const auto seconds = dsl::parse_time(layout, text, dsl::Zone::kUtc))
      return fmt::format("{:%Y-%m-%d %H:%M:%S} +0000 UTC", fmt::gmtime(std::time_t{*seconds}));
  }
  return std::nullopt;
}

/// The base that the digits are in, whose prefix goes.
int take_base(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  const char letter = static_cast<char>(digits[1] | 0x20);
  const int base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
  digits.remove_prefix(base != 8 || letter == 'o' ? 2 : 1);
  return base;
}

/// A whole number in any base; \p text has no underscores.
std::optional<std::string> integer_text(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const int base = take_base(text);
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value, base);
  if (text.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return fmt::format("{}{}", negative && value > 0 ? "-" : "", value);
}

/// The text of an unquoted scalar after YAML 1.2 gave it a type, as Go's library does.
std::string plain_text(std::string_view text) {
  for (const std::string_view null : {"", "~", "null", "Null", "NULL"})
    if (text == null) return {};
  for (const std::string_view yes : {"true", "True", "TRUE"})
    if (text == yes) return "true";
  for (const std::string_view no : {"false", "False", "FALSE"})
    if (text == no) return "false";
  if (auto time = time_text(text)) return *std::move(time);
  std::string digits(text);
  std::erase(digits, '_');
  if (auto whole = integer_text(digits)) return *std::move(whole);
  const bool fraction = digits.find_first_of("0123456789") < digits.find_first_of("eE");
  if (const auto number = dsl::parse_float(digits); number && fraction)
    return dsl::Value(*number).text();
  return std::string(text);
}

}  // namespace

Error invalid(const yaml::Node& node, std::string_view what) {
  return {ErrorCode::kInvalidArgument, fmt::format("line {}: {}", node.line(), what)};
}

Result<std::string> text_field(const yaml::Node& map, std::string_view key) {
  const yaml::Node* node = present(map, key);
  if (node == nullptr) return std::string();
  if (!node->is_scalar()) return invalid(*node, fmt::format("{}: expected a text", key));
  return node->str();
}

Result<bool> bool_field(const yaml::Node& map, std::string_view key, bool fallback) {
  const yaml::Node* node = present(map, key);
  if (node == nullptr) return fallback;
  bool out = false;
  if (!node->as_bool(out)) return invalid(*node, fmt::format("{}: expected true or false", key));
  return out;
}

Result<std::int64_t> int_field(const yaml::Node& map, std::string_view key, std::int64_t fallback) {
  const yaml::Node* node = present(map, key);
  if (node == nullptr) return fallback;
  std::int64_t out = 0;
  if (!node->as_int(out)) return invalid(*node, fmt::format("{}: expected an integer", key));
  return out;
}

Result<std::vector<const yaml::Node*>> items_of(const yaml::Node& map, std::string_view key) {
  std::vector<const yaml::Node*> out;
  const yaml::Node* node = present(map, key);
  if (node == nullptr) return out;
  if (!node->is_sequence()) return invalid(*node, fmt::format("{}: expected a list", key));
  for (const yaml::Node& item : node->items()) out.push_back(&item);
  return out;
}

Result<std::vector<std::string>> list_field(const yaml::Node& map, std::string_view key) {
  std::vector<std::string> out;
  for (const yaml::Node* item : M8_TRY(items_of(map, key))) {
    if (item->is_sequence() || item->is_map()) {
      return invalid(*item, fmt::format("{}: expected a text", key));
    }
    out.push_back(item->str());
  }
  return out;
}

Result<std::vector<std::int64_t>> int_list_field(const yaml::Node& map, std::string_view key) {
  std::vector<std::int64_t> out;
  for (const yaml::Node* item : M8_TRY(items_of(map, key))) {
    std::int64_t number = 0;
    if (!item->as_int(number)) return invalid(*item, fmt::format("{}: expected an integer", key));
    out.push_back(number);
  }
  return out;
}

Result<std::size_t> word_field(const yaml::Node& map, std::string_view key,
                               std::initializer_list<std::string_view> words,
                               std::size_t fallback) {
  const std::string word = trimmed_lower(M8_TRY(text_field(map, key)));
  if (word.empty()) return fallback;
  const auto* found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) {
    return invalid(*map.find(key), fmt::format("{}: unknown value '{}'", key, word));
  }
  return static_cast<std::size_t>(found - words.begin());
}

std::string typed_text(const yaml::Node& node) {
  if (!node.is_scalar()) return {};
  return node.quoted() ? node.str() : plain_text(node.text());
}

}  // namespace m8::operators
