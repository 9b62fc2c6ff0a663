#include "operators/need_index.h"

#include <algorithm>
#include <string>
#include <unordered_map>

namespace m8::operators {

NeedIndex::NeedIndex(const std::vector<Need>& needs) {
  std::unordered_map<std::string_view, std::uint32_t> numbers;
  for (const Need& need : needs) {
    wanted_.push_back({static_cast<std::uint32_t>(groups_.size()),
                       static_cast<std::uint32_t>(need.groups.size()), need.statuses});
    for (const Need::Group& group : need.groups) {
      groups_.push_back(
          {static_cast<std::uint32_t>(literals_.size()), static_cast<std::uint32_t>(group.size())});
      for (const std::string& literal : group) {
        const auto [at, is_new] = numbers.try_emplace(literal, 0);
        if (is_new) at->second = index_.add(literal);
        literals_.push_back(at->second);
      }
    }
  }
  index_.build();
}

bool NeedIndex::may_meet(const Wanted& wanted, const std::vector<char>& present,
                         std::int64_t status) const {
  const auto& codes = wanted.statuses;
  if (!codes.empty() && std::find(codes.begin(), codes.end(), status) == codes.end()) return false;
  for (std::uint32_t i = 0; i < wanted.groups; ++i) {
    const Range& range = groups_[wanted.first_group + i];
    const auto begin = literals_.begin() + range.first;
    const bool any = std::any_of(begin, begin + range.size,
                                 [&](std::uint32_t literal) { return present[literal] != 0; });
    if (!any) return false;
  }
  return true;
}

void NeedIndex::may_meet(std::string_view head, std::string_view body, std::int64_t status,
                         std::vector<std::uint32_t>& out) const {
  thread_local std::string text;  // both keep their memory for the next answer
  thread_local std::vector<char> present;
  text.clear();
  fold(head, text);
  fold(body, text);
  present.assign(index_.size(), 0);
  index_.scan(text, [](std::uint32_t literal) { present[literal] = 1; });
  out.clear();
  for (std::uint32_t i = 0; i < wanted_.size(); ++i)
    if (may_meet(wanted_[i], present, status)) out.push_back(i);
}

}  // namespace m8::operators
