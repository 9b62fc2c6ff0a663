/// Worker: takes jobs from the broker and runs each as a child process.
///
/// A job is acknowledged when its results are in the store, so whatever dies meanwhile, it is done
/// again by somebody, and counted once. A program that crashes takes its job's attempt with it and
/// nothing else.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fleet/bundle.h"
#include "fleet/job.h"
#include "fleet/job_program.h"
#include "fleet/program.h"
#include "fleet/pulse.h"
#include "queue/broker.h"
#include "store/sql_jobs.h"
#include "store/store.h"

namespace m8::fleet {

struct WorkerOptions {
  int slots = 2;                    ///< jobs at once
  int prefetch = 10;                ///< jobs that one consumer holds; more places have more of them
  std::vector<std::string> queues;  ///< where jobs are
  std::string share;                ///< folder where archives are; empty: the store
  JobProgramOptions programs;
  store::JobLimits limits;
  PulseOptions pulse;                          ///< slots and process are set here
  std::chrono::milliseconds busy_hold{1'000};  ///< for a job whose hosts another worker has
  std::chrono::milliseconds drain{60'000};     ///< what is under way may take so long at the end
};

/// What a worker did so far.
struct WorkerStats {
  std::uint64_t started = 0, done = 0, failed = 0, given_up = 0, over = 0, returned = 0;
  std::uint64_t refused = 0;  ///< messages that are no jobs of ours
  int running = 0;            ///< now
};

class Worker {
 public:
  /// Told of what a person should know, from any thread.
  using Say = std::function<void(const std::string&)>;

  /// All are borrowed.
  Worker(queue::Broker& broker, store::Store& store, WorkerOptions options, Say say, Clock& clock);
  ~Worker();

  /// Works until stop is requested: then nothing new is begun, what is under way may end
  /// (options.drain), what does not goes back. Errors of the first contact with broker and store,
  /// and of a broker that is gone for good.
  Status run(std::stop_token stop);
  WorkerStats stats() const;

 private:
  struct Running;
  class Gate;
  enum class Fate { kAck, kAgain, kDead };

  Status consume(const std::string& queue, const std::stop_token& stop);
  void serve(const std::stop_token& stop);
  std::optional<std::pair<queue::Consumer*, queue::Delivery>> take(const std::stop_token& stop);
  Fate handle(const queue::Delivery& delivery, const std::stop_token& stop);
  std::optional<Fate> begin(Running& running, const std::string& digest,
                            const std::stop_token& stop);
  std::optional<Fate> ask(Running& running, const std::string& digest);
  Fate work(Running& running);
  Fate refuse(const queue::Delivery& delivery, const Error& why, const std::stop_token& stop);
  Fate leave(const store::JobKey& key, const queue::Delivery& delivery, const Error& why,
             const std::stop_token& stop);
  Result<ProgramEnd> run_child(Running& running, int spool);
  Fate conclude(Running& running, const Result<ProgramEnd>& end, int spool);
  Fate give_up(Running& running, const std::string& why);
  Fate fail(Running& running, const std::string& why, bool counts);
  Fate fail(Running& running, const std::string& why, bool counts, const store::JobLimits& limits);
  Fate store_results(Running& running, int spool);
  void hold_rate(Running& running);
  void tell_progress();
  void beat();
  void lose(const std::string& why);
  template <typename Call>
  auto insist(Running& running, Call call) -> decltype(call());
  bool wait(std::chrono::milliseconds time, const std::stop_token& stop);

  queue::Broker& broker_;
  const WorkerOptions options_;
  const Say say_;
  Clock& clock_;
  store::SqlJobs jobs_;
  BundleShelf shelf_;
  BundleCache bundles_;
  std::unique_ptr<Pulse> pulse_;
  std::unique_ptr<Gate> gate_;
  std::mutex taking_;
  std::vector<std::unique_ptr<queue::Consumer>> consumers_;  ///< guarded by taking_
  std::size_t next_consumer_ = 0;
  Status broken_;  ///< guarded by taking_
  mutable std::mutex mutex_;
  std::list<Running*> running_;  ///< guarded by mutex_
  WorkerStats stats_;            ///< guarded by mutex_
};

}  // namespace m8::fleet
