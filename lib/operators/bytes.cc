#include "operators/bytes.h"

#include <cstring>

#include <strings.h>

namespace m8::operators {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

bool equal_folded(const char* text, std::string_view lower_needle) {
  for (std::size_t i = 0; i < lower_needle.size(); ++i) {
    if (lower(text[i]) != lower_needle[i]) return false;
  }
  return true;
}

/// First position of either case of \p c in [from, end), or end.
const char* find_letter(const char* from, const char* end, char c) {
  const auto size = static_cast<std::size_t>(end - from);
  const auto* low = static_cast<const char*>(std::memchr(from, c, size));
  if (upper(c) == c) return low == nullptr ? end : low;
  const auto until = low == nullptr ? size : static_cast<std::size_t>(low - from);
  const auto* high = static_cast<const char*>(std::memchr(from, upper(c), until));
  return high != nullptr ? high : low != nullptr ? low : end;
}

}  // namespace

bool contains(std::string_view text, std::string_view needle) {
  return find_bytes(text, needle) != std::string_view::npos;
}

bool contains_folded(std::string_view text, std::string_view lower_needle) {
  return find_folded(text, lower_needle) != std::string_view::npos;
}

std::size_t find_bytes(std::string_view text, std::string_view needle) {
  if (needle.empty()) return 0;
  const void* at = ::memmem(text.data(), text.size(), needle.data(), needle.size());
  if (at == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

std::size_t find_folded(std::string_view text, std::string_view lower_needle) {
  constexpr std::size_t kNone = std::string_view::npos;
  if (lower_needle.empty()) return 0;
  if (text.size() < lower_needle.size()) return kNone;
  const char* last = text.data() + (text.size() - lower_needle.size()) + 1;
  for (const char* at = text.data(); at != last; ++at) {
    at = find_letter(at, last, lower_needle[0]);
    if (at == last) return kNone;
    if (equal_folded(at, lower_needle)) return static_cast<std::size_t>(at - text.data());
  }
  return kNone;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

}  // namespace m8::operators
