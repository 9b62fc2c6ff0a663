#include "store/pg_batch.h"

#include <fmt/format.h>

#include "base/regex.h"

namespace m8::store {
namespace {

constexpr std::size_t kChunk = 64u << 10;

// The file header of PostgreSQL's binary COPY: signature, flags, no extension.
constexpr std::string_view kHeader("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);

}  // namespace

std::string PgBatch::table_sql(const PgBatchPlan& plan) {
  return fmt::format("CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS",
                     plan.table, plan.columns);
}

Result<PgBatch> PgBatch::begin(PgConnection& connection, const PgBatchPlan& plan) {
  M8_TRY(connection.execute(table_sql(plan)));
  M8_TRY(connection.copy_begin(fmt::format("COPY {} FROM STDIN (FORMAT binary)", plan.table)));
  PgBatch batch(connection, plan);
  batch.buffer_ = kHeader;
  return batch;
}

void PgBatch::big_endian(std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    buffer_ += static_cast<char>(value >> shift & 0xff);
}

Status PgBatch::row() {
  if (buffer_.size() >= kChunk) {
    M8_TRY(connection_.copy_write(buffer_));
    buffer_.clear();
  }
  big_endian(static_cast<std::uint64_t>(plan_.width), 2);
  return {};
}

PgBatch& PgBatch::integer(std::int64_t value) {
  big_endian(8, 4);
  big_endian(static_cast<std::uint64_t>(value), 8);
  return *this;
}

PgBatch& PgBatch::boolean(bool value) {
  big_endian(1, 4);
  buffer_ += value ? '\1' : '\0';
  return *this;
}

PgBatch& PgBatch::text(std::string_view value) {
  if (value.find('\0') != value.npos || !is_utf8(value)) {
    const std::string clean = clean_text(value);
    big_endian(clean.size(), 4);
    buffer_ += clean;
  } else {
    big_endian(value.size(), 4);
    buffer_ += value;
  }
  return *this;
}

Status PgBatch::end() {
  big_endian(0xffff, 2);
  M8_TRY(connection_.copy_write(buffer_));
  M8_TRY(connection_.copy_end());
  M8_TRY(connection_.execute(plan_.merge));
  return {};
}

}  // namespace m8::store
