/// The issues of one batch into SQLite.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/issue.h"
#include "store/sqlite_db.h"

namespace m8::store {

/// Adds the batch table that write_issues() needs: once per connection.
Status add_issue_batch(SqliteDb& db);

/// Every statement of write_issues().
std::vector<std::string_view> issue_statements();

/// As Store::upsert_issues(), in a transaction that the caller began.
Status write_issues(SqliteDb& db, std::int64_t run, std::span<const model::Issue> batch);

}  // namespace m8::store
