#include "operators/bytes.h"

namespace m8::operators {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

bool contains(std::string_view text, std::string_view needle) {
  return m8::find_bytes(text, needle) != std::string_view::npos;
}

bool contains_folded(std::string_view text, std::string_view lower_needle) {
  return m8::find_folded(text, lower_needle) != std::string_view::npos;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

}  // namespace m8::operators
