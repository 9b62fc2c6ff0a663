/// DrawnTexts: what the rand_ functions gave, so that it is known again in what was sent.
///
/// An issue's identity must not hold what each run draws anew. Thread-safe. Memory is bounded: the
/// first texts are kept, those that templates draw when they are loaded among them; of later ones
/// the last.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/hash.h"

namespace m8::dsl {

class DrawnTexts {
 public:
  static constexpr std::size_t kShortest = 5, kLongest = 64;  ///< of texts that are remembered
  static constexpr std::size_t kKept = 50'000;                ///< first ones, and as many last ones

  /// Remembers \p text. Shorter and longer ones are left out, and numbers of five digits: they are
  /// met by chance.
  void add(std::string_view text);
  /// The remembered texts that lie in \p text, from the left, without overlaps; the longest first
  /// where several begin. O(size x lengths).
  std::vector<std::string> found_in(std::string_view text) const;

 private:
  using Texts = std::unordered_set<std::string, SeededHash, std::equal_to<>>;
  /// Nearly always false for a text that none of them begins like.
  bool may_begin(std::string_view text) const;
  std::string_view at(std::string_view text) const;

  mutable std::mutex mutex_;
  Texts texts_;
  /// A bit for each beginning of kShortest bytes; those of forgotten texts stay.
  std::bitset<1u << 18> beginnings_;
  std::deque<std::string> latest_;
  std::array<std::size_t, kLongest + 1> of_length_{};
};

}  // namespace m8::dsl
