/// The LZ77 half of deflate: a text as literals and matches, chosen as Go's level 6 does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "dsl/deflate_blocks.h"

namespace m8::dsl {

/// Lazy matching over hash chains of four bytes.
class MatchFinder {
 public:
  /// Called with the tokens of a block and the position in the text where it ends.
  using Sink = std::function<void(const std::vector<DeflateToken>& tokens, std::size_t end)>;

  explicit MatchFinder(std::string_view text);
  /// Walks the whole text. A block has at most 16,384 tokens.
  void run(const Sink& sink);

  /// First position that the compressor still holds when it is at \p position: what it holds moves
  /// on in steps, and a block that began before can't be stored.
  std::size_t buffer_start(std::size_t position) const;

 private:
  struct Match {
    std::size_t length = 0;
    std::size_t distance = 0;
  };

  /// First position that a match at \p position may refer to.
  std::size_t window_start(std::size_t position) const;
  /// Notes the position; returns the latest one with the same hash, or -1.
  std::int64_t insert(std::size_t position);
  Match find(std::size_t position, std::int64_t candidate) const;

  std::string_view text_;
  std::vector<std::int32_t> latest_;    ///< by hash
  std::vector<std::int32_t> previous_;  ///< by position
};

}  // namespace m8::dsl
