/// Searching for bytes in bytes, fast on the short needles and the kilobytes of text that templates
/// are made of.
#pragma once

#include <cstddef>
#include <string_view>

namespace m8 {

/// Offset of the first occurrence of \p needle in \p text; npos without one. An empty needle is at
/// 0. O(text), whatever both are made of.
std::size_t find_bytes(std::string_view text, std::string_view needle);

/// The same with ASCII letters folded; \p lower_needle is in lower case already. O(text x needle)
/// at worst for needles up to 256 bytes and texts that are made for it, else O(text).
std::size_t find_folded(std::string_view text, std::string_view lower_needle);

}  // namespace m8
