#include "store/sqlite_issues.h"

#include <string>
#include <string_view>
#include <utility>

#include "store/columns.h"

namespace m8::store {
namespace {

// As for hostnames: most issues are new, or known and as they were, and each of the two has a
// statement of its own that can fire no trigger. For one that can, SQLite copies every page that a
// row touches.
constexpr std::string_view kInsert =
    "INSERT INTO issue (signature, template_id, name, matcher, severity, host, matched_at, tags,"
    " status, first_seen, last_seen, first_run, last_run, event, target)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?12, ?12, ?, ?) ON CONFLICT DO NOTHING";
// It takes the parameters of the others: the last line gives those that it does not need a place.
// What is indexed is compared, not written.
constexpr std::string_view kTouch =
    "UPDATE issue SET name = ?3, matched_at = ?7, tags = ?8, last_seen = ?11, last_run = ?12,"
    " event = ?13, target = ?14, missed = 0, by_at = ?11, by_run = ?12, by_author = 'm8',"
    " by_note = ''"
    " WHERE signature = ?1 AND severity = ?5 AND host = ?6 AND status <> 'R' AND gone = 0"
    " AND ?2 IS NOT NULL AND ?4 IS NOT NULL AND ?9 IS NOT NULL AND ?10 IS NOT NULL";
constexpr std::string_view kUpsert =
    "INSERT INTO issue (signature, template_id, name, matcher, severity, host, matched_at, tags,"
    " status, first_seen, last_seen, first_run, last_run, event, target)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?12, ?12, ?, ?)"
    " ON CONFLICT (signature) DO UPDATE SET name = excluded.name, severity = excluded.severity,"
    " host = excluded.host, matched_at = excluded.matched_at, tags = excluded.tags,"
    " status = CASE status WHEN 'R' THEN 'U' ELSE status END,"
    " last_seen = excluded.last_seen, last_run = excluded.last_run, event = excluded.event,"
    " target = excluded.target, gone = 0, missed = 0, by_at = excluded.last_seen,"
    " by_run = excluded.last_run, by_author = 'm8', by_note = ''";

/// True if a row was written.
Result<bool> write_one(SqliteDb& db, SqliteStatement& statement, const model::Issue& issue,
                       std::int64_t run) {
  const std::string_view status(&issue.status, 1);
  statement.bind(issue.signature).bind(issue.template_id).bind(issue.name).bind(issue.matcher);
  statement.bind(static_cast<std::int64_t>(issue.severity)).bind(issue.host);
  statement.bind(issue.matched_at).bind(issue.tags).bind(status);
  statement.bind(to_millis(issue.first_seen)).bind(to_millis(issue.last_seen)).bind(run);
  M8_TRY(statement.bind(issue.event).bind(issue.target).run());
  return db.changes() > 0;
}

}  // namespace

std::vector<std::string_view> issue_statements() { return {kInsert, kTouch, kUpsert}; }

Status write_issues(SqliteDb& db, std::int64_t run, std::span<const model::Issue> batch) {
  auto first = M8_TRY(db.prepare(kInsert)), second = M8_TRY(db.prepare(kTouch));
  auto last = M8_TRY(db.prepare(kUpsert));
  SqliteStatement *likely = &first, *other = &second;
  for (const model::Issue& issue : batch) {  // in their order, which gives the ids
    if (M8_TRY(write_one(db, *likely, issue, run))) continue;
    if (M8_TRY(write_one(db, *other, issue, run))) {
      std::swap(likely, other);  // neighbours are alike
      continue;
    }
    M8_TRY(write_one(db, last, issue, run));
  }
  return {};
}

}  // namespace m8::store
