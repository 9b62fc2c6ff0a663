/// Jobs: the pieces of runs that workers do, as the store knows them. What makes a redelivered job
/// harmless, and a worker's death known.
///
/// Thread-safe, as the store is; errors as those of the store. Each call is one transaction.
///
/// A worker lives as long as its row: it counts a number up, and whoever does not see it rise for
/// long, by a clock of his own, removes the row. From then on its jobs are free, and what it still
/// gives is refused once another has begun them. So no two workers have one job, or one host, at a
/// time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace m8::store {

struct JobKey {
  std::int64_t run = 0, number = 0;
  friend bool operator==(const JobKey&, const JobKey&) = default;
};

enum class JobState { kWaiting, kStarted, kDone, kGivenUp, kTaken };

/// A job as it is published.
struct NewJob {
  std::int64_t number = 0;
  std::string digest;  ///< of its message: what is not the same is not ours
};

struct JobLimits {
  int deaths = 5;     ///< so many deaths, and it is given up; also so many refusals
  int attempts = 50;  ///< so many starts
};

/// What start() needs to know.
struct JobStart {
  JobKey key;
  std::string digest;
  std::string worker;
  std::vector<std::int64_t> hosts;  ///< hashes of those it works on
  bool alone = false;               ///< nothing else runs in this worker meanwhile
  JobLimits limits = {};
};

/// What came of a start.
struct JobVerdict {
  enum class What {
    kStarted,    ///< it is the worker's
    kBusy,       ///< another worker has it, or one of its hosts, or all of its run's rate: later
    kOver,       ///< done or taken, or its run was cancelled or is over: forget it
    kGivenUp,    ///< see reason
    kUnknown,    ///< no such job, or another message of its name
    kWantsAlone  ///< it was there when a worker died: start it alone
  };
  What what = What::kUnknown;
  std::string reason;
  int attempt = 0;         ///< 1 for the first
  std::int64_t share = 0;  ///< of its run's rate, thousandths of requests a second; 0: no limit
  bool cancelled = false;  ///< of kOver
};

/// A job whose results wait.
struct EndedJob {
  std::int64_t number = 0;
  bool given_up = false;
  std::string reason;
  int attempts = 0;
};

/// How far a job is that is under way.
struct JobProgress {
  JobKey key;
  std::uint64_t done = 0;  ///< requests, names
};

struct WorkerRow {
  std::string id;
  std::int64_t beat = 0;
  int slots = 0, running = 0;
  std::string process;  ///< which process of which machine it is
  WallTime started{};
};

/// Jobs of a run by state.
struct JobCounts {
  std::uint64_t waiting = 0, started = 0, done = 0, given_up = 0, taken = 0;
};

class Jobs {
 public:
  virtual ~Jobs() = default;

  // ---- runs
  /// Says that \p run is cut into jobs; again if it was cancelled and goes on. \p rate: requests a
  /// second of all workers together; 0: no limit.
  virtual Status begin(std::int64_t run, double rate) = 0;
  /// No job of it starts any more, and those that are under way are to stop. kNotFound if no such
  /// run is under way.
  virtual Status cancel(std::int64_t run) = 0;
  /// Of these runs those that were cancelled or are over.
  virtual Result<std::vector<std::int64_t>> cancelled(std::span<const std::int64_t> runs) = 0;
  /// Forgets the jobs of \p run, but why those that were given up were.
  virtual Status end(std::int64_t run) = 0;
  virtual Result<JobCounts> counts(std::int64_t run) = 0;

  // ---- jobs
  /// Adds jobs. One that is there stays as it is, but if it was given up, or is another by its
  /// digest, it waits anew.
  virtual Status add(std::int64_t run, std::span<const NewJob> jobs) = 0;
  /// The jobs of \p run whose results were taken: what a run that goes on need not do again.
  virtual Result<std::vector<NewJob>> taken(std::int64_t run) = 0;
  /// Those of \p numbers that no living worker has and nobody has finished.
  virtual Result<std::vector<std::int64_t>> forgotten(std::int64_t run,
                                                      std::span<const std::int64_t> numbers) = 0;
  /// Starts it, if it may be; counts the attempt.
  virtual Result<JobVerdict> start(const JobStart& start) = 0;
  /// Gives the next part of the results, empty at the end. Asked again from the start if the
  /// transaction has to be repeated: \p first.
  using NextPart = std::function<Result<std::string>(bool first)>;
  /// Keeps the results and marks it done: all of it or nothing. Good too if that was done before;
  /// kNotFound if it is not the worker's any more.
  virtual Status finish(const JobKey& key, const std::string& worker, const NextPart& parts) = 0;
  /// It did not end well: it waits again, or is given up if that was too often: true. \p counts:
  /// as a death. kNotFound if it is not the worker's any more.
  virtual Result<bool> fail(const JobKey& key, const std::string& worker, const std::string& reason,
                            bool counts, const JobLimits& limits) = 0;
  /// It waits again, as if it had not been started, or after a refusal. Good if it is not the
  /// worker's any more.
  virtual Status give_back(const JobKey& key, const std::string& worker) = 0;
  /// \p start.worker can't read it: it waits for one that can, or is given up if that was too
  /// often. Until give_back() it is not forgotten. The verdict is kBusy (attempt: how often now),
  /// kGivenUp, kOver or kUnknown, as of start().
  virtual Result<JobVerdict> refuse(const JobStart& start, const std::string& reason) = 0;
  /// Says how far those of its jobs are that \p worker still has.
  virtual Status set_progress(const std::string& worker, std::span<const JobProgress> jobs) = 0;
  /// What the jobs of \p run that are under way have done.
  virtual Result<std::vector<JobProgress>> progress(std::int64_t run) = 0;
  /// At most \p limit that are done or given up and not taken.
  virtual Result<std::vector<EndedJob>> ended(std::int64_t run, std::size_t limit) = 0;
  /// The parts of the results of a job, in order.
  virtual Status results(const JobKey& key,
                         const std::function<Status(std::string_view lines)>& each) = 0;
  /// Marks them taken and drops their results.
  virtual Status take(std::int64_t run, std::span<const std::int64_t> numbers) = 0;

  // ---- workers
  virtual Status add_worker(const WorkerRow& worker) = 0;
  /// Counts up. kNotFound: it was called dead.
  virtual Status beat(const std::string& worker, int running) = 0;
  virtual Result<std::vector<WorkerRow>> workers() = 0;
  /// Calls it dead, unless it has counted further than \p beat meanwhile.
  virtual Status remove_worker(const std::string& worker, std::int64_t beat) = 0;

  // ---- what jobs need
  /// True if it is there; then it counts as used at \p now.
  virtual Result<bool> has_bundle(const std::string& hash, WallTime now) = 0;
  /// \p archive: any bytes. Drops those that nobody used for \p keep.
  virtual Status add_bundle(const std::string& hash, std::string_view archive, WallTime now,
                            std::chrono::hours keep) = 0;
  /// kNotFound.
  virtual Result<std::string> bundle(const std::string& hash) = 0;
};

}  // namespace m8::store
