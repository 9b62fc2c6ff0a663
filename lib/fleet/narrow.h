/// Scopes that hold at once: what a job may contact, within what its worker may.
///
/// Plain functions, no state.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::fleet {

/// Rules of a scope file that allow what both \p one and \p other (texts of scope files) allow:
/// domains, addresses, ranges and URL prefixes are inside one another or apart. O(rules of one
/// times rules of other). kInvalidArgument names a rule that is none.
Result<std::string> narrow_scope(std::string_view one, std::string_view other);

}  // namespace m8::fleet
