/// UTF-8 and the few Unicode properties that the language needs (dsl.md 2, 7.1).
///
/// Case mapping and classes are those of the C library's C.UTF-8 locale, whatever locale the
/// program runs in. Thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace m8::dsl {

inline constexpr char32_t kReplacement = 0xFFFD;

struct CodePoint {
  char32_t value;
  std::size_t bytes;  ///< 1..4
};

/// The code point at \p at (which must be < text.size()). An invalid byte is U+FFFD with bytes = 1,
/// as in Go.
CodePoint decode(std::string_view text, std::size_t at);
/// Appends \p c; a value that is no code point becomes U+FFFD.
void append_utf8(std::string& out, char32_t c);
/// The code points of \p text.
std::u32string code_points(std::string_view text);
/// Number of code points.
std::size_t count_code_points(std::string_view text);

bool is_letter(char32_t c);
bool is_digit(char32_t c);
bool is_space(char32_t c);  ///< Go's unicode.IsSpace
char32_t lower(char32_t c);
char32_t upper(char32_t c);

/// Simple case mapping of every code point; invalid bytes become U+FFFD when any byte is not ASCII.
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
/// \p text without Unicode white space at both ends.
std::string_view trim_space(std::string_view text);
/// Byte length of \p text rounded down to whole code points, at most \p limit.
std::size_t whole_prefix(std::string_view text, std::size_t limit);

}  // namespace m8::dsl
