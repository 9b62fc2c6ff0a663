#include "model/issue_change.h"

#include <utility>

namespace m8::model {
namespace {

std::optional<ChangeKind> kind_of(const Issue& now, WallTime since,
                                  const std::optional<IssueState>& before) {
  const IssueState state = state_of(now);
  if (now.first_seen >= since) return state.open() ? std::optional(ChangeKind::kNew) : std::nullopt;
  if (!before) return std::nullopt;
  if (before->open() != state.open())
    return state.open() ? ChangeKind::kReturned : ChangeKind::kGone;
  if (!state.open()) return std::nullopt;
  const bool same = before->status == state.status && before->severity == state.severity;
  return same ? std::nullopt : std::optional(ChangeKind::kChanged);
}

}  // namespace

std::optional<IssueChange> change_of(Issue now, WallTime since, std::optional<IssueState> before) {
  const auto kind = kind_of(now, since, before);
  if (!kind) return std::nullopt;
  return IssueChange{*kind, std::move(now), before.value_or(IssueState{})};
}

}  // namespace m8::model
