#include "probe/simhash.h"

#include <array>
#include <bit>
#include <cstddef>

namespace m8::probe {
namespace {

constexpr std::uint64_t kFnvOffset = 14695981039346656037u;
constexpr std::uint64_t kFnvPrime = 1099511628211u;

unsigned char lower(char c) {
  return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}
bool is_word(char c) {
  const unsigned char l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/// Where the word that begins at \p at ends.
std::size_t word_end(std::string_view text, std::size_t at) {
  while (at < text.size() && (is_word(text[at]) || text[at] == '\'')) ++at;
  if (text.substr(at, 3) != "://") return at;
  std::size_t end = at + 3;
  while (end < text.size() && (is_word(text[end]) || text[end] == '.' || text[end] == '/')) ++end;
  return end > at + 3 ? end : at;
}

}  // namespace

std::uint64_t simhash(std::string_view text) {
  std::array<std::int32_t, 64> weights{};
  for (std::size_t at = 0; at < text.size();) {
    if (!is_word(text[at]) && text[at] != '\'') {
      ++at;
      continue;
    }
    const std::size_t end = word_end(text, at);
    std::uint64_t hash = kFnvOffset;
    for (; at < end; ++at) hash = (hash * kFnvPrime) ^ lower(text[at]);
    for (std::size_t bit = 0; bit < 64; ++bit)
      weights[bit] += static_cast<std::int32_t>((hash >> bit) & 1) * 2 - 1;
  }
  std::uint64_t out = 0;
  for (std::size_t bit = 0; bit < 64; ++bit)
    if (weights[bit] >= 0) out |= std::uint64_t{1} << bit;
  return out;
}

int simhash_distance(std::uint64_t a, std::uint64_t b) { return std::popcount(a ^ b); }

}  // namespace m8::probe
