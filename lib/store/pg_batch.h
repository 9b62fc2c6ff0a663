/// PgBatch: rows on their way into a table: by binary COPY into a temporary table of this
/// connection, then by one statement into the table itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/pg_connection.h"

namespace m8::store {

/// How a kind of record is written.
struct PgBatchPlan {
  const char* table;    ///< name of the temporary table
  const char* columns;  ///< its definition
  int width;            ///< how many columns
  std::string merge;    ///< statements from the temporary table into the real one
};

/// Used inside a transaction, whose end empties the temporary table.
class PgBatch {
 public:
  /// The statement that makes the temporary table if this connection has none.
  static std::string table_sql(const PgBatchPlan& plan);
  /// Makes the temporary table if this connection has none, and begins the COPY.
  static Result<PgBatch> begin(PgConnection& connection, const PgBatchPlan& plan);

  /// The next row: then its columns, in order.
  Status row();
  PgBatch& integer(std::int64_t value);
  PgBatch& boolean(bool value);
  PgBatch& text(std::string_view value);
  /// Ends the COPY and merges.
  Status end();

 private:
  PgBatch(PgConnection& connection, const PgBatchPlan& plan)
      : connection_(connection), plan_(plan) {}
  void big_endian(std::uint64_t value, int bytes);

  PgConnection& connection_;
  const PgBatchPlan& plan_;
  std::string buffer_;
};

}  // namespace m8::store
