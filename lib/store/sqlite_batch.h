/// Batches as tables: statements of one connection read the records of a batch as rows, so that one
/// run of a statement writes them all. A run per record would open each index anew.
///
/// One thread at a time, as the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <string>
#include <string_view>
#include <variant>

struct sqlite3;

namespace m8::store {

/// The rows of a batch table.
class BatchRows {
 public:
  using Cell = std::variant<std::int64_t, std::string_view>;

  virtual ~BatchRows() = default;
  virtual std::size_t size() const = 0;
  /// The row that cell() and compared() are about, from 0 on. Rows come in their order.
  virtual void go_to(std::size_t row) = 0;
  /// A text is borrowed until the next go_to().
  virtual Cell cell(int column) = 0;
  /// What the SQL function batch_same() was given for the row: see SqliteDb::add_batch_table().
  virtual void compared(bool same) { static_cast<void>(same); }
};

/// The batch tables of one connection; lives longer than that.
class BatchTables {
 public:
  /// Adds table \p name; \p columns as in CREATE TABLE. False if SQLite refuses.
  bool add(sqlite3* connection, const char* name, const char* columns);
  /// Adds the function batch_same(x): gives x to compared() and is x. False if SQLite refuses.
  bool add_function(sqlite3* connection);

  /// What all of them hold; null: nothing.
  BatchRows* rows = nullptr;

  /// One of them, as SQLite keeps it.
  struct Table {
    BatchTables* tables;
    std::string declaration;
  };

 private:
  std::forward_list<Table> tables_;
};

}  // namespace m8::store
