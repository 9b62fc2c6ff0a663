/// NeedIndex: which of many needs an answer may meet, told by one pass over it.
///
/// Immutable once made; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "match/literal_index.h"
#include "operators/need.h"

namespace m8::operators {

class NeedIndex {
 public:
  explicit NeedIndex(const std::vector<Need>& needs);

  std::size_t size() const { return wanted_.size(); }
  /// The numbers of the needs that an answer may meet, in order: all that have nothing in it are
  /// left out. Some 10 ns per need, and a pass over the answer. Replaces what is in \p out.
  void may_meet(std::string_view head, std::string_view body, std::int64_t status,
                std::vector<std::uint32_t>& out) const;

 private:
  /// A need with literals as numbers: ranges of `literals_` in `groups_`.
  struct Wanted {
    std::uint32_t first_group = 0, groups = 0;
    std::vector<std::int64_t> statuses;
  };
  struct Range {
    std::uint32_t first = 0, size = 0;
  };
  bool may_meet(const Wanted& wanted, const std::vector<char>& present, std::int64_t status) const;

  std::vector<Wanted> wanted_;           ///< per need
  std::vector<Range> groups_;            ///< of literals_
  std::vector<std::uint32_t> literals_;  ///< numbers in the index
  match::LiteralIndex index_;
};

}  // namespace m8::operators
