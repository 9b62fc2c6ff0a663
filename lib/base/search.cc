#include "base/search.h"

#include <algorithm>
#include <cstring>
#include <string>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace m8 {
namespace {

constexpr std::size_t kShortNeedle = 256;
constexpr std::size_t kNone = std::string_view::npos;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

struct Exact {
  /// What is or-ed to bytes that are compared with \p c.
  static char mask(char) { return 0; }
  static bool equal(const char* text, std::string_view needle) {
    return std::memcmp(text, needle.data(), needle.size()) == 0;
  }
};

struct Folded {
  static char mask(char c) { return is_lower(c) ? 0x20 : 0; }
  static bool equal(const char* text, std::string_view needle) {
    for (std::size_t i = 0; i < needle.size(); ++i)
      if (lower(text[i]) != needle[i]) return false;
    return true;
  }
};

/// Where the search that found nothing up to it goes on in another way.
struct Stopped {
  std::size_t found = kNone;
  std::size_t at = 0;
};

#ifdef __SSE2__
__m128i load(const char* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }

/// Sixteen places at a time: those where the needle's first and last byte fit are compared in full.
/// Ends before the last places, and when \p patience is not rewarded.
template <typename Case>
Stopped scan_blocks(std::string_view text, std::string_view needle, std::size_t patience) {
  constexpr std::size_t kBlock = 16;
  const std::size_t last = needle.size() - 1;
  const __m128i first_byte = _mm_set1_epi8(needle[0]), last_byte = _mm_set1_epi8(needle[last]);
  const __m128i first_mask = _mm_set1_epi8(Case::mask(needle[0]));
  const __m128i last_mask = _mm_set1_epi8(Case::mask(needle[last]));
  std::size_t at = 0, tried = 0;
  for (; at + last + kBlock <= text.size(); at += kBlock) {
    const char* block = text.data() + at;
    const __m128i fits_first = _mm_cmpeq_epi8(_mm_or_si128(load(block), first_mask), first_byte);
    const __m128i fits_last =
        _mm_cmpeq_epi8(_mm_or_si128(load(block + last), last_mask), last_byte);
    auto fits = static_cast<unsigned>(_mm_movemask_epi8(_mm_and_si128(fits_first, fits_last)));
    for (; fits != 0; fits &= fits - 1) {
      const auto place = static_cast<std::size_t>(__builtin_ctz(fits));
      if (Case::equal(block + place, needle)) return {at + place, at};
      ++tried;
    }
    if (tried > patience + at / 8) return {kNone, at + kBlock};
  }
  return {kNone, at};
}
#else
template <typename Case>
Stopped scan_blocks(std::string_view, std::string_view, std::size_t) {
  return {};
}
#endif

}  // namespace

std::size_t find_bytes(std::string_view text, std::string_view needle) {
  constexpr std::size_t kPatience = 256;
  if (needle.empty()) return 0;
  if (needle.size() > text.size()) return kNone;
  if (needle.size() == 1) {
    const void* at = std::memchr(text.data(), needle[0], text.size());
    return at ? static_cast<std::size_t>(static_cast<const char*>(at) - text.data()) : kNone;
  }
  const Stopped stopped = scan_blocks<Exact>(text, needle, kPatience);
  if (stopped.found != kNone) return stopped.found;
  const std::string_view rest = text.substr(stopped.at);
  if (rest.size() < needle.size()) return kNone;
  const void* at = ::memmem(rest.data(), rest.size(), needle.data(), needle.size());
  return at ? static_cast<std::size_t>(static_cast<const char*>(at) - text.data()) : kNone;
}

std::size_t find_folded(std::string_view text, std::string_view lower_needle) {
  if (lower_needle.empty()) return 0;
  if (lower_needle.size() > text.size()) return kNone;
  if (lower_needle.size() > kShortNeedle) {
    std::string folded(text);
    std::transform(folded.begin(), folded.end(), folded.begin(), lower);
    return find_bytes(folded, lower_needle);
  }
  const Stopped stopped = scan_blocks<Folded>(text, lower_needle, text.size());
  if (stopped.found != kNone) return stopped.found;
  for (std::size_t at = stopped.at; at + lower_needle.size() <= text.size(); ++at)
    if (Folded::equal(text.data() + at, lower_needle)) return at;
  return kNone;
}

}  // namespace m8
