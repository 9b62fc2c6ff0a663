#include "earlier_findings.h"

#include <algorithm>
#include <vector>

#include "base/hash.h"
#include "model/event_read.h"
#include "model/issue.h"

namespace m8::num8 {
namespace {

/// Their events are read so many at a time.
constexpr std::size_t kAtOnce = 500;

}  // namespace

void EarlierFindings::saw(const model::Finding& finding) {
  seen_.insert(seeded_hash(model::issue_signature(finding)));
}

Status EarlierFindings::give(store::Store& store, std::int64_t run, const store::Judged& hidden,
                             const std::function<Status(const model::Finding&)>& each) const {
  std::vector<std::int64_t> ids;
  store::IssueFilter all;
  all.without_event = true;
  M8_TRY(store.for_each_issue(all, [&](const model::Issue& issue) {
    const bool wanted = issue.last_run == run && !seen_.contains(seeded_hash(issue.signature));
    if (wanted && !hidden.contains(issue.signature)) ids.push_back(issue.id);
    return Status();
  }));
  for (std::size_t begin = 0; begin < ids.size(); begin += kAtOnce) {
    const auto from = ids.begin() + static_cast<std::ptrdiff_t>(begin);
    store::IssueFilter some;
    some.ids.assign(from,
                    from + static_cast<std::ptrdiff_t>(std::min(kAtOnce, ids.size() - begin)));
    M8_TRY(store.for_each_issue(some, [&](const model::Issue& issue) {
      const auto finding = model::parse_event(issue.event);
      return finding.ok() ? each(*finding) : Status(finding.error());
    }));
  }
  return {};
}

}  // namespace m8::num8
