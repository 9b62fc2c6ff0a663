/// Intake: requests on their way to the store, those of several callers in one write.
///
/// Each has to be on the disk before it is accepted, and that takes milliseconds: who comes while
/// one write is under way shares the next. Thread-safe; no thread of its own.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <span>
#include <vector>

#include "base/result.h"
#include "store/scan_requests.h"

namespace m8::api {

class Intake {
 public:
  /// \p statements is borrowed.
  explicit Intake(store::Statements& statements) : store_(statements) {}

  /// Writes \p requests, and gives each its id; on an error those that are not there have none.
  /// REQUIRES: no two that are here at once are equal.
  Status add(std::span<store::ScanRequest> requests);
  /// Callers whose write has not begun.
  std::size_t waiting() const;

 private:
  struct Waiting {
    std::span<store::ScanRequest> requests;
    bool over = false;
    Status status;
  };
  void write(std::vector<Waiting*> all);

  store::ScanRequests store_;
  mutable std::mutex mutex_;
  std::condition_variable over_;
  std::vector<Waiting*> waiting_;  ///< for the next write
  bool writing_ = false;           ///< one of those who wait does
};

}  // namespace m8::api
