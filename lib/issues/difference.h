/// Difference: what became new, changed, gone or returned since a moment, of everything that a
/// store remembers.
///
/// Threads: as the store.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "model/change_kind.h"
#include "model/issue_change.h"
#include "store/store.h"

namespace m8::issues {

/// What differs.
enum class Subject { kHost, kEndpoint, kTechnology, kCertificate, kIssue };

/// "host", "endpoint", "technology", "certificate", "issue".
const char* to_string(Subject subject);
/// Also in the plural. Empty for other words.
std::optional<Subject> parse_subject(std::string_view text);

struct Difference {
  Subject subject = Subject::kHost;
  model::ChangeKind kind = model::ChangeKind::kNew;
  std::string name;         ///< hostname, URL, or what the issue is called and where it is
  std::string detail;       ///< what is there now; "before -> now" of a change
  std::string before, now;  ///< the same apart; before is empty unless something was
  std::optional<model::Issue> issue;  ///< of an issue, without its event
};

struct DifferenceOptions {
  WallTime since{};
  std::optional<WallTime> until;  ///< what was known then, instead of what is known now
  std::set<Subject> subjects;     ///< empty: all
};

/// Gives each difference to \p each, by subject, then in the store's order. Streams. Errors of the
/// store and of \p each.
Status each_difference(store::Store& store, const DifferenceOptions& options,
                       const std::function<Status(const Difference&)>& each);

/// How differences are written: "table", "jsonl" or "markdown".
class DifferenceLines {
 public:
  explicit DifferenceLines(std::string form) : form_(std::move(form)) {}
  /// The text of one, with the header in front of the first.
  std::string text(const Difference& difference);

 private:
  const std::string form_;
  bool first_ = true;
};

}  // namespace m8::issues
