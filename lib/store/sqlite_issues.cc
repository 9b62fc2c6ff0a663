#include "store/sqlite_issues.h"

#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/hash.h"
#include "store/columns.h"
#include "store/life_queries.h"

namespace m8::store {
namespace {

constexpr const char* kTable = "issue_batch";
constexpr const char* kColumns =
    "signature, template_id, name, matcher, severity, host, matched_at, tags, status,"
    " first_seen, last_seen, run, target, event";

// Which issues of the batch are known; of those, which are as they were but for the last sighting.
constexpr std::string_view kFind =
    "SELECT b.rowid, i.id, i.severity = b.severity AND i.host = b.host AND i.status <> 'R'"
    " AND i.gone = 0 FROM issue_batch b CROSS JOIN issue i"
    " ON substr(i.signature" M8_PIECE_END " = substr(b.signature" M8_PIECE_END
    " AND i.signature = b.signature";

// A failure ends the transaction, so that no page has to be kept for an undo.
constexpr std::string_view kInsert =
    "INSERT OR ROLLBACK INTO issue (signature, template_id, name, matcher, severity, host,"
    " matched_at, tags, status, first_seen, last_seen, first_run, last_run, target, by_at, by_run,"
    " by_author, event)"
    " SELECT signature, template_id, name, matcher, severity, host, matched_at, tags, status,"
    " first_seen, last_seen, run, run, target, last_seen, run, 'm8', event FROM issue_batch";

// One issue each: of a statement that changes many rows, SQLite keeps each page as it was. The
// first can fire no trigger, for which the whole row would be read before.
#define M8_SEEN_AGAIN                                                                      \
  "UPDATE issue SET name = ?2, matched_at = ?3, tags = ?4, last_seen = ?5, last_run = ?6," \
  " target = ?7, missed = 0, by_at = ?5, by_run = ?6, by_author = 'm8', by_note = '',"     \
  " event = ?8"
constexpr std::string_view kTouch = M8_SEEN_AGAIN " WHERE id = ?1";
constexpr std::string_view kChange = M8_SEEN_AGAIN
    ", severity = ?9, host = ?10, status = CASE status WHEN 'R' THEN 'U' ELSE status END, gone = 0"
    " WHERE id = ?1";
#undef M8_SEEN_AGAIN

struct Place {
  const model::Issue* issue;
  std::int64_t id = 0;  ///< 0: it is new
  bool same = false;    ///< as it was
};

/// The rows of the batch table.
class IssueRows final : public BatchRows {
 public:
  IssueRows(std::vector<Place> places, std::int64_t run) : places_(std::move(places)), run_(run) {}

  std::size_t size() const override { return places_.size(); }
  void go_to(std::size_t row) override { at_ = &places_[row]; }
  Cell cell(int column) override {
    const model::Issue& issue = *at_->issue;
    switch (column) {
      case 0:
        return issue.signature;
      case 1:
        return issue.template_id;
      case 2:
        return issue.name;
      case 3:
        return issue.matcher;
      case 4:
        return static_cast<std::int64_t>(issue.severity);
      case 5:
        return issue.host;
      case 6:
        return issue.matched_at;
      case 7:
        return issue.tags;
      case 8:
        return std::string_view(&issue.status, 1);
      case 9:
        return to_millis(issue.first_seen);
      case 10:
        return to_millis(issue.last_seen);
      case 11:
        return run_;
      case 12:
        return issue.target;
      default:
        return issue.event;
    }
  }
  std::vector<Place>& places() { return places_; }

 private:
  std::vector<Place> places_;
  const std::int64_t run_;
  const Place* at_ = nullptr;
};

Status find_known(SqliteDb& db, IssueRows& rows) {
  auto find = M8_TRY(db.prepare(kFind));
  db.read_batch(&rows);
  for (bool more = M8_TRY(find.step()); more; more = M8_TRY(find.step())) {
    Place& place = rows.places()[static_cast<std::size_t>(find.integer(0))];
    place.id = find.integer(1);
    place.same = find.integer(2) != 0;
  }
  db.read_batch(nullptr);
  return {};
}

Status update(SqliteStatement& statement, const Place& place, std::int64_t run) {
  const model::Issue& issue = *place.issue;
  statement.bind(place.id).bind(issue.name).bind(issue.matched_at).bind(issue.tags);
  statement.bind(to_millis(issue.last_seen)).bind(run).bind(issue.target).bind(issue.event);
  if (!place.same) statement.bind(static_cast<std::int64_t>(issue.severity)).bind(issue.host);
  return statement.run();
}

/// Writes issues of which no two have one signature.
Status write_distinct(SqliteDb& db, std::int64_t run, std::vector<Place> places) {
  IssueRows all(std::move(places), run);
  M8_TRY(find_known(db, all));
  auto touch = M8_TRY(db.prepare(kTouch)), change = M8_TRY(db.prepare(kChange));
  std::vector<Place> fresh;  // in their order, which gives the ids
  for (const Place& place : all.places()) {
    if (place.id == 0) {
      fresh.push_back(place);
    } else {
      M8_TRY(update(place.same ? touch : change, place, run));
    }
  }
  if (fresh.empty()) return {};
  IssueRows rows(std::move(fresh), run);
  return db.run_batch(kInsert, rows);
}

}  // namespace

Status add_issue_batch(SqliteDb& db) { return db.add_batch_table(kTable, kColumns); }

std::vector<std::string_view> issue_statements() { return {kFind, kInsert, kTouch, kChange}; }

Status write_issues(SqliteDb& db, std::int64_t run, std::span<const model::Issue> batch) {
  std::vector<const model::Issue*> waiting, repeated;
  for (const model::Issue& issue : batch) waiting.push_back(&issue);
  for (; !waiting.empty(); waiting.swap(repeated)) {
    repeated.clear();
    std::unordered_set<std::string_view, SeededHash> seen;
    std::vector<Place> distinct;
    for (const model::Issue* issue : waiting) {
      if (seen.insert(issue->signature).second) {
        distinct.push_back({issue});
      } else {
        repeated.push_back(issue);
      }
    }
    M8_TRY(write_distinct(db, run, std::move(distinct)));
  }
  return {};
}

}  // namespace m8::store
