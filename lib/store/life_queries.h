/// The queries about issues, changes of endpoints, and messages, the same in every database. See
/// queries.h.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/life.h"
#include "store/queries.h"
#include "store/query.h"

namespace m8::store {

/// Ends "substr(" and a signature: the piece of it that SQLite's index issue_key holds.
#define M8_PIECE_END ", 3, 12)"

/// By id.
Query select_issues(const IssueFilter& filter);
Query update_issues(const IssueFilter& filter, const IssueEdit& edit);
Query select_judged();
Query select_events(std::int64_t issue);
Query select_issue_changes(const ChangeSpan& span);
Query select_endpoint_changes(const ChangeSpan& span);

/// At most so many rows in one statement of the following: SQLite compares each parameter with
/// those before it.
inline constexpr std::size_t kRowsAtOnce = 200;
Query insert_templates(std::int64_t run, std::span<const std::string> ids);
/// Of pieces that are done, and of those that failed.
Query insert_targets(std::int64_t run, std::span<const Piece* const> pieces);
Query insert_failures(std::int64_t run, std::span<const Piece* const> pieces);
Query conclude_run(std::int64_t run, WallTime at, int gone_after);
/// The same for the templates of once().
Query conclude_once(std::int64_t run, WallTime at, int gone_after);
/// \p table: run_template, run_target or run_failure.
Query forget_pieces(const char* table, std::int64_t run);

/// A statement of Life::prune(), and what its rows are called.
struct PruneStep {
  const char* what;
  Query query;
};
std::vector<PruneStep> prune_steps(WallTime before);

Query insert_message(const Message& message);
Query claim_message(const std::string& channel, WallTime now, WallTime until);
Query end_message(const Message& message);
Query select_messages();
Query select_told(const std::string& channel);
Query save_told(const std::string& channel, WallTime until);

std::vector<Sample> life_samples();

}  // namespace m8::store
