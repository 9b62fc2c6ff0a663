/// Issue: what the findings of one flaw have in common, as the store keeps it over many runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/finding.h"

namespace m8::model {

struct Issue {
  std::int64_t id = 0;    ///< given by the store
  std::string signature;  ///< issue_signature(): the identity
  std::string template_id, name, matcher;
  Severity severity = Severity::kUnknown;
  std::string host;        ///< name or address
  std::string matched_at;  ///< of the last sighting
  std::string tags;        ///< separated by commas
  /// 'U' unreviewed, 'V' verified, 'I' ignored, 'F' false positive, 'R' remediated
  char status = 'U';
  WallTime first_seen{};
  WallTime last_seen{};
  std::string event;   ///< event_json() of the last sighting
  std::string target;  ///< URL of the scan's target: what has to be scanned again to miss it
  /// Since when runs that looked for it no longer find it; empty: it was there when last looked
  /// for.
  std::optional<WallTime> gone;
  std::int64_t first_run = 0, last_run = 0;  ///< given by the store: runs that saw it
};

/// What changes in the life of an issue.
struct IssueState {
  char status = 'U';
  Severity severity = Severity::kUnknown;
  bool gone = false;

  /// True while it is a flaw that is there, as far as anybody knows.
  bool open() const { return !gone && status != 'R'; }
};

inline IssueState state_of(const Issue& issue) {
  return {issue.status, issue.severity, issue.gone.has_value()};
}

/// One change in the life of an issue.
struct IssueEvent {
  std::int64_t issue = 0;  ///< id
  WallTime at{};
  std::int64_t run = 0;  ///< that made it; 0: none did
  std::string author;    ///< "m8" for what a run made
  std::string note;      ///< why
  IssueState was, now;
};

/// "unreviewed", "verified", "ignored", "false-positive", "remediated"; empty for other letters.
const char* status_name(char status);
/// The letter of Issue::status for such a word or its letter (U V I FP R; also F), in any case.
std::optional<char> parse_status(std::string_view text);
/// True for what somebody judged, so that it is no news when it is found again: V, I, F.
bool is_suppressed(char status);

/// Identity of the flaw that \p finding shows: template, matcher (or extractor) name,
/// scheme://host:port, path, and the sorted set of parameter names. Never values, never order.
/// Random texts in the path count as one: what {{randstr}} becomes, and Finding::random.
///
/// "1-" (the version of the recipe) and 64 hex digits of SHA-256; "2-" where a random text was
/// replaced, which version 1 did not do.
std::string issue_signature(const Finding& finding);

/// \p finding as an unreviewed issue, first and last seen at its time.
Issue to_issue(const Finding& finding);

}  // namespace m8::model
