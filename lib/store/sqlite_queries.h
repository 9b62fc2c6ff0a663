/// The SQL of the SQLite store, all of it: what is written here is what `m8 db explain` shows.
///
/// Values are always bound, never part of a text.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "store/sqlite_db.h"
#include "store/store.h"

namespace m8::store {

std::int64_t to_millis(WallTime time);

/// A SELECT that grows by conditions, each with its value.
class Select {
 public:
  explicit Select(std::string_view sql) : sql_(sql) {}
  Select& where(std::string_view condition, std::int64_t value);
  Select& where(std::string_view condition, std::string_view value);
  /// \p sql has a parameter for \p value before those of the conditions, such as in a join.
  Select& value(std::int64_t value);
  /// What follows the conditions: the order, and at most \p limit rows (0: all).
  Select& order(std::string_view columns, std::size_t limit = 0);

  const std::string& sql() const { return sql_; }
  /// Borrows this until the statement is reset.
  void bind(SqliteStatement& statement) const;

 private:
  std::string sql_;
  bool conditions_ = false;
  std::vector<std::variant<std::int64_t, std::string>> values_;
};

Select select_domains(const DomainFilter& filter);
Select select_hostnames(const HostnameFilter& filter);
Select select_changes(const ChangeFilter& filter);
Select select_endpoints();
Select select_issues(const IssueFilter& filter);
Select select_runs(const RunFilter& filter);

extern const std::string_view kInsertRun, kEndRun, kFindRun;
extern const std::string_view kSaveJournal, kLoadJournal, kDeleteJournal;
extern const std::string_view kAddDomain, kEnableDomain, kRemoveDomain, kAnyDomainEnabled,
    kDomainId;
extern const std::string_view kUpsertHostname, kDenyHostname, kUpsertEndpoint, kUpsertIssue;

/// (name, SQL) of every query above, the filtered ones in the forms that matter.
std::vector<std::pair<std::string, std::string>> sqlite_queries();

}  // namespace m8::store
