/// IssueChange: what became of an issue between then and now.
#pragma once

#include <optional>

#include "model/change_kind.h"
#include "model/issue.h"

namespace m8::model {

struct IssueChange {
  /// New: first seen since then. Gone: no longer found, or remediated. Returned: found again.
  /// Changed: of another severity, or judged otherwise.
  ChangeKind kind = ChangeKind::kNew;
  Issue now;       ///< without its event
  IssueState was;  ///< for all kinds but kNew
};

/// The difference of \p now to what was at \p since. \p before: the state that the first change
/// after \p since replaced; empty if there was none. Empty without a difference.
std::optional<IssueChange> change_of(Issue now, WallTime since, std::optional<IssueState> before);

}  // namespace m8::model
