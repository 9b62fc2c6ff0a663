/// HostnameChange: what became of a name between then and now.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/hostname.h"

namespace m8::model {

struct HostnameChange {
  enum class Kind {
    kNew,       ///< not known then, live now
    kChanged,   ///< live then and now, with other records
    kGone,      ///< live then; asked since, and denied
    kReturned,  ///< known but not live then, live now
  };
  /// What is compared: that of then, for all kinds but kNew.
  struct Before {
    bool live = true;
    std::vector<std::string> a, aaaa, cname;
  };

  Kind kind = Kind::kNew;
  Hostname now;
  Before was;
};

/// "new", "changed", "gone", "returned".
const char* to_string(HostnameChange::Kind kind);
/// Empty for any other word.
std::optional<HostnameChange::Kind> parse_change_kind(std::string_view text);

/// The difference of \p now to what was at \p since. \p before: the state that the first change
/// after \p since replaced; empty if there was none. Empty without a difference, and for a name
/// that came and went in between.
std::optional<HostnameChange> change_of(Hostname now, WallTime since,
                                        std::optional<HostnameChange::Before> before);

}  // namespace m8::model
