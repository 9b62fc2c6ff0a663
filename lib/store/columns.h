/// Columns: how the records' fields lie in a row. The same in every backend.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/domain.h"
#include "model/endpoint.h"
#include "model/endpoint_change.h"
#include "model/hostname.h"
#include "model/hostname_change.h"
#include "model/issue.h"
#include "model/issue_change.h"
#include "model/run.h"
#include "store/life.h"
#include "store/query.h"

namespace m8::store {

/// Milliseconds since 1970 in UTC.
inline std::int64_t to_millis(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
inline WallTime from_millis(std::int64_t millis) {
  return WallTime(std::chrono::milliseconds(millis));
}

/// Lists are words separated by one space.
std::string join_words(const std::vector<std::string>& words);
/// For texts that may hold spaces, but no line ends.
std::string join_lines(const std::vector<std::string>& texts);
std::vector<std::string> split_lines(std::string_view text);
/// Into \p out, whose memory is used again.
void join_words(const std::vector<std::string>& words, std::string& out);
std::vector<std::string> split_words(std::string_view text);

/// Empty, or four lines: see the schema.
std::string certificate_text(const model::Certificate& certificate);
model::Certificate read_certificate(std::string_view text);

/// Counts of a run as a JSON object.
std::string counts_json(const model::Run& run);

/// Readers of rows as the SELECTs of queries.h give them.
model::Domain read_domain(const Row& row);
model::Hostname read_hostname(const Row& row);
model::Endpoint read_endpoint(const Row& row);
model::Issue read_issue(const Row& row);
/// The same into \p issue, whose texts are used again.
void read_issue(const Row& row, model::Issue& issue);
/// What was of a name before the change that \p row has; empty if it has none.
std::optional<model::HostnameChange::Before> read_before(const Row& row);
/// What became of \p now, the name of \p row; empty if it is what it was at \p since.
std::optional<model::HostnameChange> read_change(const Row& row, model::Hostname&& now,
                                                 WallTime since);
model::Run read_run(const Row& row);
model::IssueEvent read_issue_event(const Row& row);
/// Empty if it is at the end of \p span what it was at its beginning.
std::optional<model::IssueChange> read_issue_change(const Row& row, const ChangeSpan& span);
std::optional<model::EndpointChange> read_endpoint_change(const Row& row, const ChangeSpan& span);

}  // namespace m8::store
