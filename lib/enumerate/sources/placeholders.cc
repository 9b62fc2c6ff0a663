#include "enumerate/sources/placeholders.h"

#include <algorithm>

#include "base/file.h"
#include "base/json.h"

namespace m8::enumerate::sources {
namespace {

std::string as_is(std::string_view text) { return std::string(text); }

std::string json_escape(std::string_view text) {
  std::string quoted;
  json::append_quoted(quoted, text);
  return quoted.substr(1, quoted.size() - 2);
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

/// The part of \p rest before \p separator, which is taken off with it.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

}  // namespace

std::string percent_encode(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

void Placeholders::set(std::string_view name, std::string value) {
  for (auto& [known, old] : values_) {
    if (known != name) continue;
    old = std::move(value);
    return;
  }
  values_.emplace_back(name, std::move(value));
}

std::string Placeholders::expand(std::string_view text, Encode encode, bool* has_empty) const {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    out += text.substr(0, open);
    if (open == std::string_view::npos) break;
    text.remove_prefix(open);
    const std::string_view name = text.substr(1, text.find('}') - 1);
    const auto known = std::find_if(values_.begin(), values_.end(),
                                    [&](const auto& value) { return value.first == name; });
    if (text.find('}') == std::string_view::npos || known == values_.end()) {
      out += '{';
      text.remove_prefix(1);
      continue;
    }
    if (has_empty != nullptr && known->second.empty()) *has_empty = true;
    out += encode(known->second);
    text.remove_prefix(name.size() + 2);
  }
  return out;
}

std::string Placeholders::raw(std::string_view text) const { return expand(text, as_is, nullptr); }

std::string Placeholders::json(std::string_view text) const {
  return expand(text, json_escape, nullptr);
}

std::string Placeholders::target(std::string_view text) const {
  std::string out = expand(take_until(text, '?'), percent_encode, nullptr);
  char before = '?';
  while (!text.empty()) {
    bool empty = false;
    const std::string parameter = expand(take_until(text, '&'), percent_encode, &empty);
    if (empty) continue;
    (out += before) += parameter;
    before = '&';
  }
  return out;
}

std::vector<http::Header> Placeholders::headers(std::string_view lines) const {
  std::vector<http::Header> headers;
  while (!lines.empty()) {
    std::string_view line = take_until(lines, '\n');
    const std::string_view name = take_until(line, ':');
    bool empty = false;
    std::string value = expand(trim(line), as_is, &empty);
    if (!empty) headers.push_back({std::string(name), std::move(value)});
  }
  return headers;
}

}  // namespace m8::enumerate::sources
