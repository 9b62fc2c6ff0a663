/// StoreSink: the Sink that keeps records in a store, in batches, on a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "base/batch.h"
#include "model/sink.h"
#include "store/store.h"

namespace m8::store {

struct StoreSinkOptions {
  /// A batch is written when it is full,
  BatchLimits batch{.records = 60'000, .bytes = 29u << 20};
  std::chrono::milliseconds max_age{1'000};  ///< or when its oldest record is so old
  /// Outcomes of a scan are kept: its finished targets, and the templates that failed there.
  bool pieces = false;
};

/// Thread-safe. A record waits only when two batches are on their way. What could not be written is
/// kept and tried again with the next batch and with flush(); while the store refuses, records are
/// taken up to two batches and then refused with its error.
class StoreSink final : public model::Sink {
 public:
  /// Borrows \p store. \p run: id from begin_run().
  StoreSink(Store& store, std::int64_t run, StoreSinkOptions options = {});
  /// Writes what is left; an error is lost here, so call flush() first.
  ~StoreSink() override;

  /// A record that is not live says that a known name is gone; see Store::deny_hostnames().
  Status hostname(const model::Hostname& record) override;
  Status endpoint(const model::Endpoint& record) override;
  Status finding(const model::Finding& record) override;
  Status outcome(const model::Outcome& record) override;
  /// Waits until everything given so far is in the store, or gives the store's error.
  Status flush() override;
  /// Records that wait; after a failed flush() those that the store refused.
  std::uint64_t unwritten() const;

 private:
  struct Batch {
    std::vector<model::Hostname> hostnames;
    std::vector<model::Endpoint> endpoints;
    std::vector<model::Issue> issues;
    std::vector<Piece> pieces;
    std::size_t bytes = 0;

    std::size_t records() const {
      return hostnames.size() + endpoints.size() + issues.size() + pieces.size();
    }
    void append(Batch&& other);
  };

  template <typename Record>
  Status add(std::vector<Record> Batch::*list, Record record, std::size_t bytes);
  bool due(std::size_t batches) const;
  void work(std::stop_token stop);
  void write_pending(std::unique_lock<std::mutex>& lock);
  Status write(Batch& batch);
  Status write_hostnames(std::vector<model::Hostname>& records);

  Store& store_;
  const std::int64_t run_;
  const StoreSinkOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable_any work_;  ///< there is something to write
  std::condition_variable_any done_;  ///< a batch was written or refused
  Batch pending_;
  bool flush_wanted_ = false;
  bool writing_ = false;
  Status last_;  ///< of the last batch
  std::uint64_t rounds_ = 0;
  std::jthread writer_;
};

}  // namespace m8::store
