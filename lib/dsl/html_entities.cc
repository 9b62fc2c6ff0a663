#include "dsl/html_entities.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <unordered_map>

#include "dsl/unicode.h"

namespace m8::dsl {
namespace {

struct Entity {
  std::string_view name;  ///< with its semicolon, except for legacy ones
  std::string_view text;
};

/// Sorted by name; WHATWG's table.
constexpr Entity kEntities[] = {
#include "dsl/html_entities.inc"
};

constexpr std::size_t kLongestLegacyName = 6;

const Entity* find_entity(std::string_view name) {
  const auto* found = std::lower_bound(
      std::begin(kEntities), std::end(kEntities), name,
      [](const Entity& entity, std::string_view key) { return entity.name < key; });
  return found != std::end(kEntities) && found->name == name ? found : nullptr;
}

/// True if \p a is the better name for the same text.
bool better(std::string_view a, std::string_view b) {
  const auto capital = [](std::string_view name) { return name[0] >= 'A' && name[0] <= 'Z'; };
  if (a.size() != b.size()) return a.size() < b.size();
  if (capital(a) != capital(b)) return !capital(a);
  return a < b;
}

const std::unordered_map<std::string_view, std::string_view>& names_by_text() {
  static const auto* const names = [] {
    auto* map = new std::unordered_map<std::string_view, std::string_view>;
    for (const Entity& entity : kEntities) {
      if (entity.name.back() != ';') continue;
      auto& name = (*map)[entity.text];
      if (name.empty() || better(entity.name, name)) name = entity.name;
    }
    return map;
  }();
  return *names;
}

/// Length of the text at \p at that has a name, and that name.
std::pair<std::size_t, std::string_view> named_at(std::string_view text, std::size_t at) {
  const std::size_t one = decode(text, at).bytes;
  const std::size_t two = at + one < text.size() ? one + decode(text, at + one).bytes : one;
  for (const std::size_t length : {two, one}) {
    const auto found = names_by_text().find(text.substr(at, length));
    if (found != names_by_text().end()) return {length, found->second};
  }
  return {one, {}};
}

/// What 0x80..0x9F stand for (Windows-1252).
constexpr std::array<char32_t, 32> kWindows1252{
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

int digit_value(char c, bool hex) {
  if (c >= '0' && c <= '9') return c - '0';
  if (hex && (c | 32) >= 'a' && (c | 32) <= 'f') return (c | 32) - 'a' + 10;
  return -1;
}

/// Reads a numeric reference at the start of \p text ("&#"); returns its length, 0 if it is none.
std::size_t unescape_number(std::string_view text, std::string& out) {
  constexpr char32_t kTooBig = 0x110000;
  const bool hex = text.size() > 2 && (text[2] | 32) == 'x';
  std::size_t at = hex ? 3 : 2;
  char32_t value = 0;
  for (; at < text.size() && digit_value(text[at], hex) >= 0; ++at) {
    value = value * (hex ? 16 : 10) + static_cast<char32_t>(digit_value(text[at], hex));
    value = std::min(value, kTooBig);
  }
  if (at < text.size() && text[at] == ';') ++at;
  // Go takes "&#5" without a semicolon for none, and "&#x;" for one.
  if (at <= 3) return 0;
  if (value >= 0x80 && value <= 0x9F) value = kWindows1252[value - 0x80];
  append_utf8(out, value == 0 ? kReplacement : value);
  return at;
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/// The same for a named one ("&").
std::size_t unescape_name(std::string_view text, std::string& out) {
  std::size_t end = 1;
  while (end < text.size() && is_alphanumeric(text[end])) ++end;
  if (end < text.size() && text[end] == ';') ++end;
  const std::string_view name = text.substr(1, end - 1);
  if (const Entity* entity = find_entity(name)) {
    out += entity->text;
    return end;
  }
  // The longest legacy name that it begins with.
  for (std::size_t length = std::min(name.size(), kLongestLegacyName + 1); length-- > 2;) {
    if (const Entity* entity = find_entity(name.substr(0, length))) {
      out += entity->text;
      return length + 1;
    }
  }
  return 0;
}

}  // namespace

std::string html_escape(std::string_view text, bool all) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto [length, name] = named_at(text, at);
    if (!name.empty()) {
      out.append("&").append(name);
    } else {
      for (const char c : text.substr(at, length)) {
        if (all) {
          out.append("&#").append(std::to_string(static_cast<unsigned char>(c))).append(";");
        } else {
          out += c;
        }
      }
    }
    at += length;
  }
  return out;
}

std::string html_unescape(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t amp = text.find('&');
    out += text.substr(0, amp);
    if (amp == std::string_view::npos) return out;
    text.remove_prefix(amp);
    const bool number = text.size() > 1 && text[1] == '#';
    const std::size_t length = number ? unescape_number(text, out) : unescape_name(text, out);
    if (length == 0) out += '&';
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

}  // namespace m8::dsl
