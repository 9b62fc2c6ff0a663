/// RunStore: the store of a run, as --store and --no-store say.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cli/flag.h"
#include "metrics/metrics.h"
#include "model/inventory.h"
#include "model/run.h"
#include "model/sink.h"
#include "store/run_journal.h"
#include "store/settings.h"
#include "store/store.h"
#include "store/store_sink.h"

namespace m8::store {

/// How a run that may be killed goes on later.
struct Continuation {
  /// Hashes of all that its pieces depend on: input, options, lists; as "NAME:HASH NAME:HASH" the
  /// parts that differ are told by name. Empty: no journal is kept.
  std::string key;
  /// Id of the run to go on with; 0 begins a new one.
  std::int64_t resume = 0;
  /// Kept in place of journal(); borrowed until end(). Null: journal().
  KeptJournal* journal = nullptr;
};

class RunStore {
 public:
  /// Opens the store that --store names, else the default one of this user, and begins \p run in
  /// it, giving it its id; or takes up the run that \p continuation names: its id and its start.
  /// Null with --no-store. Errors of open_store() and begin_run(); kInvalidArgument for a
  /// run that can't be gone on with, kNotFound for one that there is not.
  static Result<std::unique_ptr<RunStore>> open(const cli::Values& flags, model::Run& run,
                                                const Continuation& continuation = {});
  ~RunStore();

  /// Where the records are, without a password: for the last line that a person reads.
  const std::string& url() const { return url_; }
  Store& store() { return *store_; }

  /// Keeps records; lives as long as this.
  model::Sink& sink() { return *sink_; }
  /// Records that were given to sink() and are not stored, after a flush() that failed.
  std::uint64_t unwritten() const { return sink_->unwritten(); }
  /// Says that the run looks for what these templates find: what it does not find is gone at the
  /// end, if it looked. Before the first target.
  Status looks_for(const std::vector<std::string>& templates);
  /// Issues that end() called gone.
  std::uint64_t gone() const { return gone_; }
  /// Where the records go besides: flushed too before the journal is written, so that a file lacks
  /// nothing that the journal calls finished. Borrowed until end(); any time.
  void flush_first(model::Sink& readers) { readers_ = &readers; }
  /// What is finished of the run. Written twice a second, after the records that came of it.
  model::Journal& journal() { return journal_; }
  /// Writes what is left, the journal and the end of \p run, with the counts of the sessions
  /// before added to its own, and what it cost this process among them: peak_rss_bytes,
  /// peak_threads, cpu_ms, and what the pool of a server's connections did: db_connections (most at
  /// once), db_waits.
  Status end(model::Run run);

 private:
  RunStore(std::string url, std::unique_ptr<Store> store)
      : url_(std::move(url)), store_(std::move(store)) {}
  Status take_up(model::Run& run, const Continuation& continuation);
  void keep(const std::stop_token& stop);
  void tend();
  void keep_sample();
  Status checkpoint();
  Status conclude(model::Run& run);

  std::string url_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreSink> sink_;
  std::int64_t run_ = 0;
  std::string process_;  ///< whose samples
  int gone_after_ = 0;
  std::uint64_t gone_ = 0;
  std::string key_;
  RunJournal journal_;
  KeptJournal* kept_ = &journal_;
  std::uint64_t saved_changes_ = 0;
  std::map<std::string, std::uint64_t> earlier_counts_;
  std::atomic<model::Sink*> readers_{nullptr};
  std::chrono::milliseconds sample_interval_{0};
  metrics::Registry::Sampling sampling_;
  std::jthread keeper_;  ///< of the journal and of the pool
};

/// What a store knows besides what \p run saw. Borrows \p store.
class StoreInventory final : public model::Inventory {
 public:
  StoreInventory(Store& store, std::int64_t run) : store_(store), run_(run) {}
  Result<std::vector<model::Hostname>> known(const std::string& domain, std::string_view after,
                                             std::size_t limit) override;

 private:
  Store& store_;
  const std::int64_t run_;
};

}  // namespace m8::store
