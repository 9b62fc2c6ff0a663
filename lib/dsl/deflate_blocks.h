/// Blocks of a deflate stream (RFC 1951 3.2.3 to 3.2.7): the cheapest of stored, fixed and dynamic.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "dsl/huffman.h"

namespace m8::dsl {

/// A literal byte, or a match when \p distance is not 0.
struct DeflateToken {
  std::uint16_t value;     ///< the byte, or the length 3..258
  std::uint16_t distance;  ///< 0..32768
};

/// Writes one block that is not the last. \p source is the text that \p tokens stand for, if it may
/// be stored instead.
void put_block(BitWriter& out, const std::vector<DeflateToken>& tokens,
               std::optional<std::string_view> source);

/// An empty stored block.
void put_empty_block(BitWriter& out, bool last);

}  // namespace m8::dsl
