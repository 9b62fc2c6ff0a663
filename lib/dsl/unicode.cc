#include "dsl/unicode.h"

#include <algorithm>

#include <locale.h>
#include <wctype.h>

namespace m8::dsl {
namespace {

/// The C library's Unicode tables. Null if there is none: then only ASCII has properties.
locale_t unicode_locale() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all = static_cast<unsigned char>(all | static_cast<unsigned char>(c));
  return all < 0x80;
}

bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

char32_t tail(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]) & 0x3F;
}

template <typename Map>
std::string map_code_points(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode(text, i);
    append_utf8(out, map(c.value));
    i += c.bytes;
  }
  return out;
}

}  // namespace

CodePoint decode(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  constexpr CodePoint kBad{kReplacement, 1};
  if (first < 0x80) return {first, 1};
  if (first < 0xC2 || first > 0xF4 || !continues(text, at + 1)) return kBad;
  if (first < 0xE0) return {(first & 0x1Fu) << 6 | tail(text, at + 1), 2};
  if (!continues(text, at + 2)) return kBad;
  if (first < 0xF0) {
    const char32_t c = (first & 0x0Fu) << 12 | tail(text, at + 1) << 6 | tail(text, at + 2);
    const bool surrogate = c >= 0xD800 && c < 0xE000;
    return c < 0x800 || surrogate ? kBad : CodePoint{c, 3};
  }
  if (!continues(text, at + 3)) return kBad;
  const char32_t c = (first & 0x07u) << 18 | tail(text, at + 1) << 12 | tail(text, at + 2) << 6 |
                     tail(text, at + 3);
  return c < 0x10000 || c > 0x10FFFF ? kBad : CodePoint{c, 4};
}

void append_utf8(std::string& out, char32_t c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) c = kReplacement;
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

std::u32string code_points(std::string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode(text, i);
    out += c.value;
    i += c.bytes;
  }
  return out;
}

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); i += decode(text, i).bytes) ++count;
  return count;
}

bool is_letter(char32_t c) {
  if (c < 0x80) return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
  return unicode_locale() != nullptr && iswalpha_l(static_cast<wint_t>(c), unicode_locale()) != 0;
}

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }

bool is_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

char32_t lower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if (unicode_locale() == nullptr) return c;
  return static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), unicode_locale()));
}

char32_t upper(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  if (unicode_locale() == nullptr) return c;
  return static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), unicode_locale()));
}

std::string to_lower(std::string_view text) {
  if (!is_ascii(text)) return map_code_points(text, lower);
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}

std::string to_upper(std::string_view text) {
  if (!is_ascii(text)) return map_code_points(text, upper);
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return out;
}

std::string_view trim_space(std::string_view text) {
  while (!text.empty()) {
    const CodePoint c = decode(text, 0);
    if (!is_space(c.value)) break;
    text.remove_prefix(c.bytes);
  }
  while (!text.empty()) {
    std::size_t start = text.size() - 1;
    while (start > 0 && text.size() - start < 4 && continues(text, start)) --start;
    const CodePoint c = decode(text, start);
    if (!is_space(c.value) || start + c.bytes != text.size()) break;
    text = text.substr(0, start);
  }
  return text;
}

std::size_t whole_prefix(std::string_view text, std::size_t limit) {
  if (limit >= text.size()) return text.size();
  while (limit > 0 && continues(text, limit)) --limit;
  return limit;
}

}  // namespace m8::dsl
