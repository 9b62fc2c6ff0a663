/// What the store tells the metrics: time of statements and operations, its pool, who was in the
/// way.
///
/// Thread-safe; on metrics::Registry::process(). Handles are fetched once: some 60 ns a call.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "metrics/metrics.h"
#include "store/store.h"

namespace m8::store {

/// num8_db_query_duration_seconds by the first word of \p sql: select, insert, update, delete,
/// with, batch.
void count_statement(std::string_view sql, std::chrono::nanoseconds took);
/// A statement met a lock, or a change, of somebody else.
void count_lock_wait();

/// What a program does with its store; the values of asmm8_db_operation_duration_seconds.
enum class Operation {
  kUpsertHostnames,
  kDenyHostnames,
  kUpsertEndpoints,
  kUpsertIssues,
  kAddPieces,
  kSaveJournal,
};
/// Runs \p work (gives a Status), measures it, and counts it and its error for the component
/// "database".
void count_operation(Operation operation, const Status& outcome, std::chrono::nanoseconds took);
template <typename Work>
Status counted(Operation operation, Work work) {
  Clock& clock = SystemClock::instance();
  const SteadyTime began = clock.now();
  Status outcome = work();
  count_operation(operation, outcome, clock.now() - began);
  return outcome;
}

/// Keeps the metrics of \p store's connections and of its cache of answers up to date while it
/// lives. \p most: what the pool may open. Borrows \p store.
[[nodiscard]] metrics::Registry::Sampling sample_pool(Store& store, int most);

}  // namespace m8::store
