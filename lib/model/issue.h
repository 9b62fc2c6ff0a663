/// Issue: what the findings of one flaw have in common, as the store keeps it over many runs.
#pragma once

#include <cstdint>
#include <string>

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
  std::string event;  ///< event_json() of the last sighting
};

/// Identity of the flaw that \p finding shows: template, matcher (or extractor) name,
/// scheme://host:port, path, and the sorted set of parameter names. Never values, never order.
/// "1-" (the version of this recipe) and 64 hex digits of SHA-256.
std::string issue_signature(const Finding& finding);

/// \p finding as an unreviewed issue, first and last seen at its time.
Issue to_issue(const Finding& finding);

}  // namespace m8::model
