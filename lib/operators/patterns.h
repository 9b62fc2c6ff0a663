/// Patterns: the regular expressions of a matcher or extractor, each asked only where its literals
/// are.
///
/// Most answers lack what a pattern can't match without; finding that out costs a search for a few
/// bytes instead of a program of RE2 and its run. Immutable but for what is made at first use;
/// thread-safe.
#pragma once

#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "operators/need.h"

namespace m8::operators {

class Patterns {
 public:
  explicit Patterns(std::vector<Regex> patterns) : patterns_(std::move(patterns)) {}

  std::size_t size() const { return patterns_.size(); }
  const Regex& operator[](std::size_t i) const { return patterns_[i]; }
  auto begin() const { return patterns_.begin(); }
  auto end() const { return patterns_.end(); }

  /// A text that several patterns are asked about. Borrows it.
  struct Text {
    explicit Text(std::string_view text) : bytes(text) {}
    std::string_view bytes;
    std::optional<bool> odd;  ///< whether has_odd_letters(), once that matters
  };

  /// False only if pattern \p i matches nowhere in \p text.
  bool may_match(std::size_t i, Text& text) const;
  bool search(std::size_t i, Text& text) const {
    return may_match(i, text) && patterns_[i].search(text.bytes);
  }
  /// What each of them needs.
  std::vector<Need> needs() const;

 private:
  const std::vector<Regex> patterns_;
  struct Wanted {
    Need::Group literals;  ///< one of these; empty: unknown
    bool folds = false;    ///< may look for letters without case
  };
  mutable std::once_flag made_;
  mutable std::vector<Wanted> wanted_;  ///< per pattern
};

}  // namespace m8::operators
