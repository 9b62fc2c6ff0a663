/// ScanRequests: what was asked for over the API, and what became of it.
///
/// Over a Store's statements, lives as long as that; the same threads and errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/queries.h"
#include "store/query.h"

namespace m8::store {

struct ScanRequest {
  std::int64_t id = 0;  ///< given by the store
  std::string type;     ///< "vuln"
  std::string target;
  std::string options;  ///< JSON object, keys in a fixed order: equal requests have equal texts
  std::string owner;    ///< name of the token
  std::string state = "queued";  ///< "queued", "running", "done", "failed", "cancelled"
  WallTime created{};
  std::optional<WallTime> started, ended;
  std::int64_t run = 0;    ///< the run that did it; 0: none (yet)
  std::int64_t found = 0;  ///< findings, or hostnames
  std::string reason;      ///< why it failed

  bool over() const { return state != "queued" && state != "running"; }
};

class ScanRequests {
 public:
  /// \p statements is borrowed.
  explicit ScanRequests(Statements& statements) : sql_(statements) {}

  /// Gives each, which has none yet, its id. In one statement, and so one write to the disk, for up
  /// to a hundred; of more, those before an error are there and have an id. No two of one call are
  /// equal.
  Status add(std::span<ScanRequest> requests);
  /// Writes state, times, run, found and reason of each, unless that is over; in one statement for
  /// those that differ in what was found alone.
  Status update(std::span<const ScanRequest> requests);
  /// kNotFound.
  Result<ScanRequest> find(std::int64_t id);
  /// Those that are queued or running, by id.
  Status for_each_open(const std::function<Status(const ScanRequest&)>& each);
  /// The newest first, at most \p limit of those with ids below \p before (0: all).
  Status page(std::int64_t before, std::size_t limit,
              const std::function<Status(const ScanRequest&)>& each);

 private:
  Statements& sql_;
};

/// For `m8 db explain`.
std::vector<Sample> scan_request_samples();

}  // namespace m8::store
