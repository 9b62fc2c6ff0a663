/// SQLite connection and statements as guards. Only sqlite_db.cc and sqlite_batch.cc include
/// sqlite3.h.
///
/// One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "store/query.h"
#include "store/sqlite_batch.h"

struct sqlite3;
struct sqlite3_stmt;

namespace m8::store {

class SqliteDb;

/// A prepared statement on loan from the connection's cache; goes back, reset, when the guard goes.
/// Values are bound in the order of the calls and borrowed until the next step() or reset().
class SqliteStatement final : public Row {
 public:
  SqliteStatement(SqliteDb& db, sqlite3_stmt* statement) : db_(&db), statement_(statement) {}
  ~SqliteStatement() override;
  SqliteStatement(SqliteStatement&& other) noexcept;
  SqliteStatement& operator=(SqliteStatement&&) = delete;

  SqliteStatement& bind(std::int64_t value);
  SqliteStatement& bind(std::string_view text);
  SqliteStatement& bind_value(const Value& value);
  /// True if there is a row.
  Result<bool> step();
  /// step() of a statement without rows, ready to be bound again.
  Status run();
  /// Ready to be bound and stepped again.
  void reset();

  int columns() const override;
  std::int64_t integer(int column) const override;
  /// Borrowed until the next step().
  std::string_view text(int column) const override;

 private:
  SqliteDb* db_;
  sqlite3_stmt* statement_;  ///< null: moved from
  int next_ = 1;
};

class SqliteDb {
 public:
  /// Opens or, unless \p must_exist, creates \p path. Errors as open_store().
  static Result<std::unique_ptr<SqliteDb>> open(const std::string& path,
                                                std::chrono::milliseconds busy_timeout,
                                                bool must_exist = false);
  ~SqliteDb();
  /// Of the library: "3.40.1".
  static const char* version();

  /// \p sql is prepared once per connection. One loan at a time per statement.
  Result<SqliteStatement> prepare(std::string_view sql);
  /// \p records are about to be written together. A large batch touches the whole of an index: from
  /// the first such one on up to 48 MiB of the file are kept in memory, before that 12.
  Status make_room(std::size_t records);
  /// Runs statements without results. \p sql may hold several.
  Status execute(const char* sql);
  /// A table \p name that holds what read_batch() is given; \p columns as in CREATE TABLE. In
  /// statements with one, batch_same(x) is x and tells the rows of it.
  Status add_batch_table(const char* name, const char* columns);
  /// \p rows, borrowed, are what batch tables hold from now on; null: nothing.
  void read_batch(BatchRows* rows) { batches_.rows = rows; }
  /// Runs \p sql, which returns no rows, with \p rows in the batch tables.
  Status run_batch(std::string_view sql, BatchRows& rows);
  std::int64_t last_id() const;
  /// Rows changed by the last statement.
  int changes() const;
  /// The last failure as an error that names the database and says what to do.
  Error error() const;
  const std::string& path() const { return path_; }

 private:
  friend class SqliteStatement;
  SqliteDb(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}

  std::string path_;
  BatchTables batches_;
  sqlite3* handle_;
  bool roomy_ = false;  ///< make_room() had a large batch
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

/// BEGIN IMMEDIATE now, ROLLBACK when the guard goes, unless commit() succeeded.
class SqliteTransaction {
 public:
  static Result<SqliteTransaction> begin(SqliteDb& db);
  ~SqliteTransaction();
  SqliteTransaction(SqliteTransaction&& other) noexcept;
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;
  Status commit();

 private:
  explicit SqliteTransaction(SqliteDb& db) : db_(&db) {}
  SqliteDb* db_;  ///< null once committed
};

}  // namespace m8::store
