/// Scans: what was asked for over the API, in a bounded queue, done by programs of ours as
/// children.
///
/// A request is in the store before it is accepted, and taken up again after a restart. Equal
/// requests that are not over yet are one. Requests of the same kind that wait are given to one
/// child together, because each child has to load the templates. Thread-safe; some threads of its
/// own, one for each child.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "api/events.h"
#include "api/intake.h"
#include "api/scan_order.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/result.h"
#include "net/scope.h"
#include "store/scan_requests.h"

namespace m8::api {

struct ScanOptions {
  std::vector<std::string> environment;  ///< of the children; M8_STORE is among it
  std::vector<std::string> num8, asmm8;  ///< arguments of every one of their runs
  unsigned at_once = 1;                  ///< children, 0..64; 0: nothing is run here
  std::size_t max_queued = 10'000;       ///< more are refused
  std::size_t max_together = 500;        ///< requests of one child
  /// From one start of a child to the next of the same thread, so that under load many requests
  /// share one, and its writes to the disk are rarely in the way of new requests; the first after a
  /// pause begins at once.
  std::chrono::milliseconds gather{5'000};
  int nice = 15;
  /// Children yield to whoever answers requests. Not where they share locks with it (SQLite): one
  /// that is never run would keep them.
  bool idle = false;
  std::size_t memory = 0;                                      ///< bytes of each child; 0: any
  std::chrono::milliseconds deadline{std::chrono::hours(24)};  ///< of each child
};

/// What became of a request, one for each target.
struct Accepted {
  store::ScanRequest scan;
  bool merged = false;  ///< it was asked for before, and is not over
};

class Scans {
 public:
  struct Counts {
    std::size_t queued = 0, running = 0;
    std::uint64_t accepted = 0, merged = 0, done = 0, failed = 0, cancelled = 0;
  };

  /// \p scope: what may be scanned; the children are given the same file. All borrowed.
  Scans(ScanOptions options, store::Statements& statements, const net::Scope& scope, Events& events,
        Clock& clock);
  /// Stops the children. What was running is taken up at the next start.
  ~Scans();
  Scans(const Scans&) = delete;
  Scans& operator=(const Scans&) = delete;

  /// Takes up what an earlier process left, and begins to work. Errors of the store.
  Status start();
  /// One for each target of \p order, in order. kDenied for a target that is out of scope,
  /// kExhausted if the queue has no room for all (then nothing was accepted); errors of the store.
  Result<std::vector<Accepted>> submit(const ScanOrder& order, const std::string& owner);
  /// Ends it: at once if it waits, within seconds if it runs. One that is over stays as it is.
  /// kNotFound.
  Result<store::ScanRequest> cancel(std::int64_t id);
  /// kNotFound.
  Result<store::ScanRequest> find(std::int64_t id);
  Counts counts() const;
  /// {"done":..,"total":..,...} of the child that does \p id; empty if none does or it said nothing
  /// yet.
  std::string progress(std::int64_t id) const;

 private:
  struct Batch;
  using Requests = std::map<std::int64_t, store::ScanRequest>;

  void work(const std::stop_token& stop);
  std::shared_ptr<Batch> next_batch(const std::stop_token& stop);
  void run(Batch& batch, const std::stop_token& stop);
  void take_message(Batch& batch, std::string_view line);
  void take_finding(Batch& batch, std::string_view line);
  void finish(Batch& batch, std::string_view state, const std::string& reason);
  void save(std::span<const store::ScanRequest> requests);
  Status check_scope(const ScanOrder& order) const;
  Status part(std::vector<store::ScanRequest> wanted, std::vector<Accepted>& all,
              std::vector<store::ScanRequest>& fresh);
  void enqueue(std::span<const store::ScanRequest> added);

  const ScanOptions options_;
  mutable store::ScanRequests store_;
  const net::Scope& scope_;
  Events& events_;
  Clock& clock_;

  Intake intake_;
  mutable std::mutex mutex_;
  std::condition_variable_any wanted_;
  std::condition_variable added_;
  Requests open_;                     ///< not over
  std::deque<std::int64_t> waiting_;  ///< ids, the oldest first
  std::unordered_map<std::string, std::int64_t, SeededHash, std::equal_to<>> by_key_;
  std::set<std::string, std::less<>> adding_;               ///< keys on their way to the store
  std::map<std::int64_t, std::shared_ptr<Batch>> running_;  ///< by request
  Counts counts_;
  std::vector<std::jthread> workers_;
};

}  // namespace m8::api
