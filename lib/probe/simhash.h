/// Simhash: a 64-bit fingerprint of a text; alike texts differ in few bits (Charikar 2002).
#pragma once

#include <cstdint>
#include <string_view>

namespace m8::probe {

/// Of the words of \p text in lower case, each hashed by FNV-1; a word is [\w']+ with an optional
/// ://[\w./]+ behind it, as the field's implementation cuts them. O(bytes).
std::uint64_t simhash(std::string_view text);

/// In how many bits they differ, 0..64; up to 3 is called alike.
int simhash_distance(std::uint64_t a, std::uint64_t b);

}  // namespace m8::probe
