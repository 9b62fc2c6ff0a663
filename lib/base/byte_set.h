/// ByteSet: which of the 256 bytes belong to a class of characters, one look-up per question.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace m8 {

class ByteSet {
 public:
  constexpr ByteSet() = default;
  constexpr explicit ByteSet(std::string_view members) {
    for (const char c : members) has_[static_cast<unsigned char>(c)] = true;
  }
  /// ASCII letters, digits and \p others.
  static constexpr ByteSet alphanumeric_and(std::string_view others) {
    ByteSet set(others);
    return set.with_range('0', '9').with_range('A', 'Z').with_range('a', 'z');
  }
  /// All from \p first to \p last.
  constexpr ByteSet with_range(unsigned char first, unsigned char last) const {
    ByteSet set = *this;
    for (unsigned byte = first; byte <= last; ++byte) set.has_[byte] = true;
    return set;
  }
  constexpr ByteSet without(std::string_view others) const {
    ByteSet set = *this;
    for (const char c : others) set.has_[static_cast<unsigned char>(c)] = false;
    return set;
  }

  constexpr bool has(char c) const { return has_[static_cast<unsigned char>(c)]; }
  /// True for the empty text.
  constexpr bool has_all(std::string_view text) const { return skip(text, 0) == text.size(); }
  /// Place of the first byte from \p at on that is no member; the size if there is none.
  constexpr std::size_t skip(std::string_view text, std::size_t at) const {
    while (at < text.size() && has(text[at])) ++at;
    return at;
  }

 private:
  std::array<bool, 256> has_{};
};

}  // namespace m8
