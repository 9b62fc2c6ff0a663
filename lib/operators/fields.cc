#include "operators/fields.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

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

/// 2023-05-31
bool is_date(std::string_view text) {
  if (text.size() != 10) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 4 || i == 7;
    if (dash ? text[i] != '-' : std::isdigit(static_cast<unsigned char>(text[i])) == 0) {
      return false;
    }
  }
  return true;
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
  std::string text = node.str();
  if (node.quoted()) return text;
  if (bool flag = false; node.as_bool(flag)) return flag ? "true" : "false";
  if (std::int64_t number = 0; node.as_int(number)) return std::to_string(number);
  if (double number = 0; node.as_double(number)) return dsl::Value(number).text();
  return is_date(text) ? text + " 00:00:00 +0000 UTC" : text;
}

}  // namespace m8::operators
