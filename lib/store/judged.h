/// Judged: the issues that somebody judged, so that a scan need not show them again.
///
/// Immutable, thread-safe. 16 bytes for each.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/life.h"

namespace m8::store {

class Judged {
 public:
  /// Nothing was judged.
  Judged() = default;
  /// What is verified, ignored or a false positive now. O(n log n); errors of the store.
  static Result<Judged> load(Life& life);

  /// Whether the issue with this signature was. O(log n).
  bool contains(std::string_view signature) const;
  std::size_t size() const { return keys_.size(); }

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;
  static Key key_of(std::string_view signature);

  std::vector<Key> keys_;  ///< sorted
};

}  // namespace m8::store
