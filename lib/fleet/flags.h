/// What commands that are cut into jobs have in common: flags, and the run of their jobs.
///
/// Threads: plain functions; DistributedRun is used by one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "cli/flag.h"
#include "fleet/bundle.h"
#include "fleet/cut.h"
#include "fleet/submit.h"
#include "fleet/worker.h"
#include "queue/broker.h"
#include "store/store.h"

namespace m8::fleet {

/// --distributed, --share, the broker's, and those that workers give: --as-job, --slice.
std::vector<cli::Flag> distributed_flags();
/// The slice that --slice names: number from 0, and of how many.
struct Slice {
  int number = 0, of = 1;
  bool has(std::size_t index) const { return static_cast<int>(index % std::size_t(of)) == number; }
};
/// kInvalidArgument.
Result<Slice> slice_of(const cli::Values& flags);

/// Flags of a command that a run on workers has: \p travels in a job, \p here what the program that
/// cuts does itself, and no others.
struct Travelling {
  std::string_view command;             ///< "num8 scan"
  const std::vector<cli::Flag>* flags;  ///< of the command
  std::vector<std::string_view> here;   ///< names
  /// Turns values into what a job may have; unset: as they are.
  std::function<Result<std::vector<std::string>>(const std::string& name,
                                                 std::vector<std::string> values)>
      values;
};
/// Sets the arguments of \p job: those of \p travelling that were given, files in \p bundle, and
/// there, by Job::secrets, flags of which cli::without_secrets() would mask a value.
/// kInvalidArgument: "--NAME can't be used with --distributed".
Status set_arguments(const cli::Values& flags, const Travelling& travelling, Bundle& bundle,
                     Job& job);

/// A run whose jobs others do; without a broker's URL this process does them itself.
class DistributedRun {
 public:
  using Say = std::function<void(const std::string&)>;
  /// Opens the broker and declares its queues. \p store is borrowed. Errors of open_broker() and
  /// declare().
  static Result<std::unique_ptr<DistributedRun>> open(const cli::Values& flags, store::Store& store,
                                                      Say say, Clock& clock, std::stop_token stop);
  ~DistributedRun();

  /// Places of all workers, waiting a moment for the first of them; at least 1.
  int slots(std::stop_token stop);
  /// Keeps \p bundle where workers find it.
  Status put(const Bundle& bundle);
  /// What a run gives to whom. What it refers to is borrowed.
  struct Watch {
    model::Sink& sink;
    const Bundle& bundle;
    Submitter::Ended ended;                               ///< may be unset
    std::function<void(const SubmitProgress&)> progress;  ///< may be unset
    RecordExtras extras = {};
  };
  /// Cuts and runs, see Submitter::run(). \p options.run and rate are set by the caller.
  Status run(SubmitOptions options, Cut& cut, Watch watch, std::stop_token stop);
  /// What became of it, also after an error.
  const SubmitProgress& progress() const { return progress_; }

 private:
  DistributedRun(store::Store& store, Say say, Clock& clock)
      : store_(store), jobs_(store), say_(std::move(say)), clock_(clock) {}
  void work_here(const cli::Values& flags);

  store::Store& store_;
  store::SqlJobs jobs_;
  const Say say_;
  Clock& clock_;
  std::unique_ptr<queue::Broker> broker_;
  queue::Names names_;
  std::string share_;
  SubmitProgress progress_;
  std::unique_ptr<Worker> here_;  ///< null: others work
  std::jthread thread_;
};

/// The queues that jobs go through, as \p flags bound them.
queue::Topology work_topology(const cli::Values& flags);
/// Folder for unpacked archives of this user.
std::string bundle_cache();

}  // namespace m8::fleet
