/// KnownTags: which templates the database knows to bear which tags, so that a batch of issues says
/// it only of those that are new. Nothing is ever taken from that table.
///
/// Threads: any.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/guarded.h"
#include "model/issue.h"

namespace m8::store {

/// A row of issue_tag.
struct TemplateTag {
  std::string_view tag, template_id;
  auto operator<=>(const TemplateTag&) const = default;
};

class KnownTags {
 public:
  struct Missing {
    std::vector<TemplateTag> rows;      ///< in their order, each once; borrow the batch
    std::vector<std::uint64_t> hashes;  ///< of template and tags
  };
  /// What \p batch holds that nobody is known to have stored.
  Missing missing(std::span<const model::Issue> batch) const;
  /// It is committed.
  void keep(const Missing& stored);

 private:
  Guarded<std::unordered_set<std::uint64_t>> hashes_;
};

}  // namespace m8::store
