#include "store/known_tags.h"

#include <algorithm>
#include <string>

#include "base/hash.h"

namespace m8::store {
namespace {

/// Then all are forgotten, and stored once more.
constexpr std::size_t kMost = 200'000;

void add_rows(const model::Issue& issue, std::vector<TemplateTag>& rows) {
  std::string_view rest = issue.tags;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    if (end > 0) rows.push_back({rest.substr(0, end), issue.template_id});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

}  // namespace

KnownTags::Missing KnownTags::missing(std::span<const model::Issue> batch) const {
  Missing all;
  std::unordered_set<std::uint64_t> seen;
  std::string both;
  auto known = hashes_.lock();
  for (const model::Issue& issue : batch) {
    if (issue.tags.empty()) continue;
    both.assign(issue.template_id).append(1, '\0').append(issue.tags);
    const std::uint64_t hash = seeded_hash(both);
    if (known->contains(hash) || !seen.insert(hash).second) continue;
    all.hashes.push_back(hash);
    add_rows(issue, all.rows);
  }
  std::sort(all.rows.begin(), all.rows.end());
  all.rows.erase(std::unique(all.rows.begin(), all.rows.end()), all.rows.end());
  return all;
}

void KnownTags::keep(const Missing& stored) {
  auto known = hashes_.lock();
  if (known->size() + stored.hashes.size() > kMost) known->clear();
  known->insert(stored.hashes.begin(), stored.hashes.end());
}

}  // namespace m8::store
