#include "store/run_store.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"
#include "metrics/kpi.h"
#include "net/shown_url.h"
#include "store/chosen_store.h"
#include "store/store_metrics.h"

namespace m8::store {

namespace {

/// The names of the parts, each NAME:HASH, that two keys do not share: "domains, words".
std::string differing_parts(std::string_view one, std::string_view other) {
  std::string names;
  while (!other.empty()) {
    const auto end = std::min(other.find(' '), other.size());
    const std::string_view part = other.substr(0, end), name = part.substr(0, part.find(':'));
    const bool known = (fmt::format(" {} ", one)).find(fmt::format(" {} ", part)) != one.npos;
    if (!known && name.size() < part.size())
      names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
    other.remove_prefix(std::min(end + 1, other.size()));
  }
  return names.empty() ? "domains, options or lists" : names;
}

}  // namespace

Result<std::unique_ptr<RunStore>> RunStore::open(const cli::Values& flags, model::Run& run,
                                                 const Continuation& continuation) {
  if (flags.on("no-store")) {
    if (continuation.resume == 0) return std::unique_ptr<RunStore>();
    return Error{ErrorCode::kInvalidArgument, "--resume needs the store: not with --no-store"};
  }
  std::unique_ptr<RunStore> made(
      new RunStore(net::shown_url(chosen_url(flags)), M8_TRY(open_chosen(flags, {}))));
  made->key_ = continuation.key;
  if (continuation.journal) made->kept_ = continuation.journal;
  if (continuation.resume != 0) {
    M8_TRY(made->take_up(run, continuation));
  } else {
    run.id = M8_TRY(made->store_->begin_run(run));
  }
  made->run_ = run.id;
  made->process_ = fmt::format("{} {}", run.command, ::getpid());
  StoreSinkOptions options = sink_options(flags);
  options.pieces = run.command == "num8 scan";
  made->sink_ = std::make_unique<StoreSink>(*made->store_, run.id, options);
  made->gone_after_ = flags.number<int>("store-gone-after");
  made->sample_interval_ = flags.duration("store-sample-interval");
  if (!made->key_.empty())
    M8_TRY(made->store_->save_journal(run.id, {made->key_, made->kept_->text()}));
  made->sampling_ = sample_pool(*made->store_, flags.number<int>("store-max-open"));
  made->keeper_ =
      std::jthread([raw = made.get()](const std::stop_token& stop) { raw->keep(stop); });
  return made;
}

RunStore::~RunStore() = default;

Status RunStore::take_up(model::Run& run, const Continuation& continuation) {
  model::Run earlier = M8_TRY(store_->find_run(continuation.resume));
  const auto refuse = [&](const std::string& reason) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("--resume: run {} {}", earlier.id, reason)};
  };
  if (earlier.command != run.command) return refuse("is of " + earlier.command);
  const auto journal = M8_TRY(store_->load_journal(earlier.id));
  if (!journal) return refuse("is " + earlier.status + ": there is nothing left to do");
  if (journal->key != continuation.key) {
    return refuse("had other " + differing_parts(journal->key, continuation.key) + ": " +
                  earlier.arguments);
  }
  M8_TRY(kept_->restore(journal->state));
  run.id = earlier.id;
  run.started = earlier.started;
  earlier_counts_ = earlier.counts;
  earlier.status = "running";
  return store_->end_run(earlier);
}

/// The journal twice a second: so much is done again after a kill, at most. The pool more seldom.
void RunStore::keep(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  auto& clock = SystemClock::instance();
  auto tended = clock.now();
  while (!never.wait_for(lock, stop, std::chrono::milliseconds(500), [] { return false; })) {
    if (stop.stop_requested()) return;
    // A store that refuses is told of when the records are: here it is tried again.
    if (!key_.empty()) (void)checkpoint();
    if (clock.now() - tended < sample_interval_) continue;
    tended = clock.now();
    tend();
    keep_sample();
  }
}

/// For m8 metrics kpi and m8 alerts check; nothing depends on it, so an error is passed over.
void RunStore::keep_sample() {
  const WallTime now = SystemClock::instance().wall();
  const std::string lines = metrics::kpi_lines(metrics::Registry::process().exposition());
  (void)store_->samples().add_sample({process_, now, lines});
}

void RunStore::tend() {
  const auto pool = store_->tend();
  if (!pool) return;
  log::get("store")->info("pool open={} idle={} in_use={} waits={} timeouts={} broken={}",
                          pool->open, pool->idle, pool->in_use, pool->waits, pool->timeouts,
                          pool->broken);
}

/// The text is taken before the flush: all that came of what it calls finished was given by then.
Status RunStore::checkpoint() {
  const std::uint64_t changes = kept_->changes();
  if (changes == saved_changes_) return {};
  const JournalState state{key_, kept_->text()};
  if (model::Sink* readers = readers_) M8_TRY(readers->flush());
  M8_TRY(sink_->flush());
  M8_TRY(counted(Operation::kSaveJournal, [&] { return store_->save_journal(run_, state); }));
  saved_changes_ = changes;
  return {};
}

Status RunStore::end(model::Run run) {
  if (keeper_.joinable()) {
    keeper_.request_stop();
    keeper_.join();
  }
  Status first = key_.empty() ? sink_->flush() : checkpoint();
  if (first.ok()) first = sink_->flush();
  const ProcessUsage usage = process_usage();
  for (const auto& [name, count] : earlier_counts_) run.counts[name] += count;
  run.counts["peak_rss_bytes"] = usage.peak_rss_bytes;
  run.counts["peak_threads"] = static_cast<std::uint64_t>(usage.peak_threads);
  run.counts["cpu_ms"] += static_cast<std::uint64_t>(usage.cpu().count() / 1000);
  if (const auto pool = store_->tend()) {
    run.counts["db_connections"] =
        std::max(run.counts["db_connections"], static_cast<std::uint64_t>(pool->most_open));
    run.counts["db_waits"] += pool->waits;
  }
  keep_sample();
  if (first.ok()) first = conclude(run);
  const Status ended = store_->end_run(run);
  return first.ok() ? ended : first;
}

Status RunStore::looks_for(const std::vector<std::string>& templates) {
  return store_->life().add_templates(run_, templates);
}

/// Only of a run that came to its end: one that will go on is asked then.
Status RunStore::conclude(model::Run& run) {
  const bool over = run.status == "done" || run.status == "incomplete";
  if (!over || run.command != "num8 scan") return {};
  gone_ = M8_TRY(store_->life().conclude(run.id, run.ended, gone_after_));
  run.counts["issues.gone"] = gone_;
  return {};
}

Result<std::vector<model::Hostname>> StoreInventory::known(const std::string& domain,
                                                           std::string_view after,
                                                           std::size_t limit) {
  HostnameFilter filter;
  filter.domain = domain;
  filter.after = after;
  filter.limit = limit;
  filter.not_seen_by = run_;
  std::vector<model::Hostname> page;
  M8_TRY(store_.for_each_hostname(filter, [&page](const model::Hostname& record) {
    page.push_back(record);
    return Status();
  }));
  return page;
}

}  // namespace m8::store
