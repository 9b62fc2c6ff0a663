/// Submitter: publishes the jobs of a run, brings back what they found, and leaves no job behind.
///
/// What is done is known by the store alone. A message that is lost on its way (expired, refused, a
/// broker that lost its disk) is seen by the job that nobody has while nothing waits, and is
/// published again under its id; if it is there twice, the second does nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fleet/bundle.h"
#include "fleet/job.h"
#include "fleet/records.h"
#include "model/sink.h"
#include "queue/broker.h"
#include "store/sql_jobs.h"
#include "store/store.h"

namespace m8::fleet {

struct SubmitOptions {
  std::int64_t run = 0;
  double rate = 0;         ///< requests a second of all workers together; 0: no limit
  queue::Address to;       ///< where jobs go
  std::string work_queue;  ///< looked at to see whether anything waits
  std::string dead_queue, unrouted_queue;  ///< where lost messages end up
  std::size_t window = 200;                ///< jobs published and not back yet, at most
  std::size_t held = 1'000;  ///< jobs that wait because another has their hosts, at most
  bool in_order = false;     ///< results by number, not as they come
  std::chrono::milliseconds look{5'000};       ///< how often lost messages are looked for
  std::chrono::milliseconds patience{10'000};  ///< for what is under way after a stop
};

/// Where a run stands.
struct SubmitProgress {
  std::uint64_t jobs = 0, jobs_done = 0;
  bool all_cut = false;         ///< jobs is the total
  std::uint64_t under_way = 0;  ///< done so far by jobs that are not back yet: requests, names
  std::uint64_t published_again = 0;
  std::uint64_t started_again = 0;    ///< attempts beyond each job's first
  std::vector<std::string> given_up;  ///< "job 3: why", the first of them
  std::uint64_t jobs_given_up = 0;
  std::uint64_t jobs_before = 0;  ///< done by an earlier session of this run
  JobTotals totals;
};

class Submitter {
 public:
  /// A job, without key.run; none just now, or at the end. Must not wait long. What was done by an
  /// earlier session of the run is known by its number and all that is in it.
  struct NextJob {
    std::optional<Job> job;
    bool end = false;
  };
  using Next = std::function<Result<NextJob>(std::stop_token)>;
  /// Told when a job is back, on the thread of run(); before the sink is flushed.
  using Ended = std::function<void(const Job&, bool given_up)>;
  using Say = std::function<void(const std::string&)>;

  struct Parts {
    queue::Broker& broker;
    store::Store& store;
    model::Sink& sink;
    RecordReader::Path path;
    RecordExtras extras;
    Ended ended;                                          ///< may be unset
    std::function<void(const SubmitProgress&)> progress;  ///< may be unset
    Say say;
    Clock& clock;
  };
  /// What parts name is borrowed.
  Submitter(SubmitOptions options, Parts parts)
      : options_(std::move(options)), parts_(std::move(parts)), jobs_(parts_.store) {}

  /// Returns when all jobs are done or given up; after a stop the run is cancelled, what was done
  /// is brought in, and it is kCancelled. kIo of the sink ends nothing. Errors of \p next, and of a
  /// store or broker that is gone for good.
  Status run(const Next& next, std::stop_token stop);
  const SubmitProgress& progress() const { return progress_; }

 private:
  struct Out {
    Job job;
    std::uint64_t done = 0;  ///< so far: requests, names
  };

  Status cycle(const Next& next, const std::stop_token& stop, bool& busy);
  Status cut(const Next& next, const std::stop_token& stop);
  Status publish(const std::stop_token& stop);
  Status bring_in(bool& any);
  Status bring_in_one(const store::EndedJob& ended);
  Status finish_batch();
  Status look_for_end();
  void look_at_progress();
  void note_progress(Out& out, std::uint64_t done);
  Status look_for_lost(const std::stop_token& stop);
  Status take_unrouted(const std::stop_token& stop);
  Status wind_up();
  bool free(const Job& job) const;
  void mark(const Job& job, int by);
  bool over() const { return end_of_input_ && out_.empty() && held_.empty(); }
  Status patiently(const std::function<Status()>& call, const std::stop_token& stop);

  const SubmitOptions options_;
  const Parts parts_;
  store::SqlJobs jobs_;
  SubmitProgress progress_;
  std::map<std::int64_t, Out> out_;  ///< published, by number
  std::deque<Job> held_;
  std::unordered_map<std::int64_t, int> hosts_;  ///< that are worked on
  std::map<std::int64_t, std::string> before_;   ///< done earlier: number and digest
  std::vector<std::int64_t> batch_;              ///< brought in, not yet taken
  bool end_of_input_ = false;
  SteadyTime next_look_{}, next_end_{};
  std::vector<std::int64_t> suspects_;  ///< lost, by the last look
  bool told_alone_ = false;
};

}  // namespace m8::fleet
