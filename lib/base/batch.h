/// Batcher<Record>: records in batches, each given on when it has so many records or so many bytes,
/// whichever comes first, and the rest at the end.
///
///     Batcher<Row> rows({.records = 1000}, [&](std::vector<Row>& batch) { return save(batch); });
///     M8_TRY(rows.add(row));  // may save
///     M8_TRY(rows.flush());   // saves the remainder
///
/// One thread at a time. What is collected lives in one vector that is used again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace m8 {

/// When a batch is full.
struct BatchLimits {
  std::size_t records = 1000;
  std::size_t bytes = 8u << 20;  ///< of the records, by their bytes_of()

  /// Whether \p records of \p bytes fill \p batches batches. No batch is ever empty.
  bool reached(std::size_t in_records, std::size_t in_bytes, std::size_t batches = 1) const {
    return in_records > 0 && (in_records >= batches * records || in_bytes >= batches * bytes);
  }
};

/// What a batch that could not be processed says: "failed to process batch: CAUSE".
inline Status batch_status(Status status) {
  if (status.ok()) return status;
  return status.error().with_context("failed to process batch");
}

/// What a text costs while it waits.
inline std::size_t bytes_of(const std::string& text) { return sizeof text + text.size(); }

/// \p Record has a bytes_of(const Record&) beside it: what it costs in memory while it waits.
template <typename Record>
class Batcher {
 public:
  /// Takes what it wants of the batch; after ok the rest is dropped. After an error the batch is
  /// kept as it was left, to be tried again.
  using Process = std::function<Status(std::vector<Record>&)>;

  Batcher(BatchLimits limits, Process process) : limits_(limits), process_(std::move(process)) {}

  /// Takes \p record, and processes the batch if that filled it. "failed to process batch: ...":
  /// the record is kept all the same. While that lasts the batch grows: stop adding, or drop().
  Status add(Record record) {
    bytes_ += bytes_of(record);
    records_.push_back(std::move(record));
    return limits_.reached(records_.size(), bytes_) ? flush() : Status();
  }

  /// Processes what is there; nothing is done for an empty batch. Errors as add().
  Status flush() {
    if (records_.empty()) return {};
    if (Status status = process_(records_); !status.ok()) return batch_status(std::move(status));
    ++batches_;
    drop();
    return {};
  }

  /// Forgets what is there.
  void drop() {
    records_.clear();
    bytes_ = 0;
  }

  std::size_t records() const { return records_.size(); }
  std::size_t bytes() const { return bytes_; }        ///< of what waits
  std::uint64_t batches() const { return batches_; }  ///< processed so far

 private:
  const BatchLimits limits_;
  const Process process_;
  std::vector<Record> records_;
  std::size_t bytes_ = 0;
  std::uint64_t batches_ = 0;
};

}  // namespace m8
