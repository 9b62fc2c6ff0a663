/// Batches of records: full when they have so many records or so many bytes, whichever comes first.
#pragma once

#include <cstddef>

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

}  // namespace m8
