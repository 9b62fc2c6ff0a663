#include "scan/engine.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "dsl/drawn_texts.h"

namespace m8::scan {
namespace {

/// How many of the hosts that were lost are told by name.
constexpr std::size_t kNamedHosts = 10;

}  // namespace

/// What every run borrows for the whole scan.
struct Engine::Scan {
  Scan(Engine& engine, std::stop_token stop)
      : protocols{engine.parts_.session,
                  engine.parts_.services,
                  engine,
                  engine.parts_.settings,
                  engine.parts_.overrides,
                  engine.global_matchers_.empty() ? nullptr : &engine.global_matchers_,
                  engine.parts_.witness,
                  nullptr,
                  engine.parts_.interactions},
        runs{engine.per_target_,
             protocols,
             engine.budget_,
             engine.records_,
             engine.options_.probing,
             engine.templates_at_once_,
             engine.requests_done_,
             engine.parts_.memory,
             stop,
             engine.front_.get(),
             engine.options_.sorted,
             engine.options_.choice,
             engine.parts_.unchanged},
        once{engine.once_,
             protocols,
             engine.budget_,
             engine.records_,
             engine.options_.probing,
             engine.templates_at_once_,
             engine.requests_done_,
             engine.parts_.memory,
             stop,
             nullptr,
             engine.options_.sorted} {}

  const protocols::Surroundings protocols;
  const RunSurroundings runs;
  const RunSurroundings once;  ///< for the templates without a target
};

namespace {

std::uint64_t requests_of(const Templates& templates) {
  std::uint64_t sum = 0;
  for (const auto& one : templates) sum += static_cast<std::uint64_t>(one->request_count());
  return sum;
}

/// Findings that wait take no more than a small part of what there may be in all.
std::size_t record_memory(const Engine::Parts& parts, const EngineOptions& options) {
  constexpr std::uint64_t kShare = 32;
  if (parts.memory == nullptr || !parts.memory->limited()) return options.record_memory;
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(options.record_memory, parts.memory->limit() / kShare));
}

/// Template by template as many requests are under way, but no two of them on one target.
EngineOptions adjusted(EngineOptions options) {
  if (!options.template_major) return options;
  options.targets_at_once *= std::max(1, options.templates_at_once);
  options.templates_at_once = 1;
  return options;
}

/// Targets that are over and wait for an earlier one, for each place; above, no new ones begin.
constexpr std::size_t kMaxLag = 4;

}  // namespace

Engine::Engine(Templates templates, Parts parts, EngineOptions options)
    : templates_(std::move(templates)),
      parts_(parts),
      options_(adjusted(options)),
      templates_at_once_(std::max(1, options_.templates_at_once)),
      budget_(options.host_errors),
      records_(parts.sink, record_memory(parts, options), parts.jobs) {
  for (const auto& one : templates_) {
    auto global =
        options_.global_matchers ? one->global_matchers() : std::vector<protocols::GlobalMatcher>();
    if (!global.empty()) {
      global_matchers_.insert(global_matchers_.end(), global.begin(), global.end());
    } else {
      (one->self_contained() ? once_ : per_target_).push_back(one);
    }
  }
  requests_per_target_ = requests_of(per_target_);
  if (options_.template_major) {
    const auto ahead = static_cast<std::size_t>(std::max(1, options.templates_at_once));
    front_ = std::make_shared<TemplateFront>(per_target_.size(), ahead);
  }
  if (options_.sorted) {
    sorted_ = std::make_unique<SortedFindings>(
        once_.empty() ? 1 : 0, [this](model::Finding found) { records_.add(std::move(found)); });
  }
}

Engine::~Engine() { close(); }

void Engine::close() {
  if (sorted_) {
    const std::lock_guard lock(sorting_);
    sorted_->flush();
  }
  records_.close();
}

Status Engine::run(const model::TargetStream& targets, std::stop_token stop) {
  scan_ = std::make_unique<Scan>(*this, stop);
  start_once();
  Status status;
  while (status.ok()) {
    auto spec = targets(stop);
    if (!spec.ok()) {
      status = spec.error();
    } else if (!*spec) {
      break;
    } else {
      status = admit(std::move(**spec), stop);
    }
  }
  {
    std::lock_guard lock(mutex_);
    state_.totals.planned_is_total = status.ok();
    state_.all_came = true;
    gather_over_if_all_came();
  }
  wait_until_idle(stop);
  if (stop.stop_requested()) return Error{ErrorCode::kCancelled, "scan: interrupted"};
  return status;
}

/// Takes the next number of the journal for \p job; true if there is nothing left to do for it.
bool Engine::finished_earlier(TargetRun::Job& job) {
  if (!parts_.journal) return false;
  job.number = next_number_++;
  job.journal = parts_.journal->begin(job.number);
  if (job.journal) return false;
  std::lock_guard lock(mutex_);
  ++state_.totals.targets_resumed;
  return true;
}

/// Templates that need no target take one place, before all targets.
void Engine::start_once() {
  if (once_.empty()) return;
  auto run = std::make_shared<TargetRun>(scan_->once, model::Target{},
                                         static_cast<TargetRun::Owner&>(*this));
  if (finished_earlier(run->job)) return;
  run->job.began = parts_.clock.now();
  {
    std::lock_guard lock(mutex_);
    state_.totals.requests_planned += requests_of(once_);
    take_place(*run);
  }
  run->run();
}

/// Waits until \p ready (called with the lock held). False after a stop.
template <typename Ready>
bool Engine::wait_for(const std::stop_token& stop, Ready ready) {
  std::unique_lock lock(mutex_);
  return changed_.wait(lock, stop, ready);
}

bool Engine::admissible(const model::TargetSpec& spec) {
  if (spec.kind == model::TargetSpec::Kind::kHost && !options_.probe) {
    skip(spec.input, "no scheme, and probing is off");
    return false;
  }
  const bool inside = spec.kind == model::TargetSpec::Kind::kUrl
                          ? parts_.scope.allows_url(spec.url)
                          : parts_.scope.allows_host(spec.url.host);
  if (!inside) skip(spec.input, "outside the scope");
  return inside;
}

Status Engine::admit(model::TargetSpec spec, std::stop_token stop) {
  TargetRun::Job job;
  if (!admissible(spec) || finished_earlier(job)) return {};
  const bool bare = spec.kind == model::TargetSpec::Kind::kHost;
  const auto has_place = [&] {
    const int waiting = state_.probing + static_cast<int>(state_.ready.size());
    const bool pressed = parts_.memory && parts_.memory->tight();
    if (pressed && waiting + state_.running > 0) return false;
    if (sorting_lags() || !may_join()) return false;
    if (bare) return waiting < options_.probes_at_once;
    return state_.ready.empty() && state_.running < options_.targets_at_once;
  };
  {
    std::lock_guard lock(mutex_);
    if (front_ && !has_place()) front_->gather_over(gathering_);  // or there would never be one
  }
  if (!wait_for(stop, has_place)) return Error{ErrorCode::kCancelled, "scan: interrupted"};
  auto run = std::make_shared<TargetRun>(
      scan_->runs, model::Target{std::move(spec.input), std::move(spec.url), {}},
      static_cast<TargetRun::Owner&>(*this));
  run->job = std::move(job);
  run->job.began = parts_.clock.now();
  {
    std::lock_guard lock(mutex_);
    run->job.id = ++state_.totals.targets;
    if (window_++ == 0) gather();
    state_.totals.requests_planned += requests_per_target_;
    if (bare) {
      ++state_.probing;
    } else {
      take_place(*run);
    }
  }
  if (bare) {
    run->probe();
  } else {
    launch(std::move(run));
  }
  return {};
}

/// Template by template, targets go together: who comes late waits until those are through, or they
/// would have to wait for it. REQUIRES: mutex_ is held.
bool Engine::may_join() {
  if (!options_.template_major) return true;
  if (state_.probing == 0 && state_.running == 0 && state_.ready.empty()) window_ = 0;
  return window_ < options_.targets_at_once;
}

/// The targets that go together begin when all are there, or the first of them would be far ahead.
/// REQUIRES: mutex_ is held.
void Engine::gather() {
  if (!front_) return;
  gathering_ = front_->gather();
  parts_.session.post(
      {}, [front = front_, which = gathering_] { front->gather_over(which); }, options_.gathering);
}

/// REQUIRES: mutex_ is held.
void Engine::gather_over_if_all_came() {
  if (front_ && state_.all_came && state_.probing == 0) front_->gather_over(gathering_);
}

bool Engine::sorting_lags() const {
  if (!sorted_) return false;
  const std::lock_guard lock(sorting_);
  return sorted_->waiting() >= kMaxLag * static_cast<std::size_t>(options_.targets_at_once);
}

void Engine::skip(const std::string& input, const std::string& reason) {
  {
    std::lock_guard lock(mutex_);
    ++state_.totals.targets_skipped[reason];
  }
  records_.add(model::Outcome{model::Outcome::Kind::kSkipped, input, "scan", reason});
}

/// REQUIRES: mutex_ is held, and there is a place.
void Engine::take_place(TargetRun& run) {
  ++state_.running;
  run.job.worker = state_.places.take();
  run.join();
}

/// REQUIRES: its place among the running ones is taken.
void Engine::launch(std::shared_ptr<TargetRun> run) {
  const std::string key = HostBudget::key(run->target().url);
  // Asked with the lock held, so that an answer at this moment does not pass the run by.
  if (auto pilots = pilots_.lock(); !budget_.has_answered(key)) pilots->emplace(key, run);
  run->run();
}

void Engine::wait_until_idle(const std::stop_token& stop) {
  const auto idle = [&] {
    return state_.probing == 0 && state_.running == 0 && state_.ready.empty();
  };
  if (wait_for(stop, idle)) return;
  std::unique_lock lock(mutex_);
  state_.ready.clear();  // never started
  changed_.wait_for(lock, options_.stop_grace, idle);
}

// ---- told by the runs, on loop threads --------------------------------------------------------

void Engine::probed(std::shared_ptr<TargetRun> run) {
  {
    std::lock_guard lock(mutex_);
    --state_.probing;
    if (state_.running >= options_.targets_at_once) {
      state_.ready.push_back(std::move(run));
    } else {
      take_place(*run);
    }
    gather_over_if_all_came();
  }
  changed_.notify_all();
  if (run) launch(std::move(run));
}

void Engine::finished(TargetRun& run, const TargetOutcome& outcome) {
  using Kind = TargetOutcome::Kind;
  const std::string key = HostBudget::key(run.target().url);
  forget_pilot(key, run);
  if (sorted_) {
    const std::lock_guard lock(sorting_);
    sorted_->add(run.job.id, run.take_findings());
  }
  // All this before its place is free: with the last one run() ends, and nobody may come after it.
  if (run.job.id != 0) {
    report(run, outcome);
  } else if (outcome.kind == Kind::kDone) {
    records_.add(model::Outcome{model::Outcome::Kind::kDone, "", "scan", ""});
  }
  // After a stop some of its templates may have been cut short.
  if (run.job.journal && outcome.kind != Kind::kInterrupted && !scan_->runs.stop.stop_requested())
    parts_.journal->finished(run.job.number);
  std::shared_ptr<TargetRun> next;
  {
    std::lock_guard lock(mutex_);
    const bool was_probing = run.job.worker < 0;
    --(was_probing ? state_.probing : state_.running);
    if (!was_probing) state_.places.give_back(run.job.worker);
    if (!state_.ready.empty() && state_.running < options_.targets_at_once) {
      next = std::move(state_.ready.front());
      state_.ready.pop_front();
      take_place(*next);
    }
    state_.totals.executions += static_cast<std::uint64_t>(outcome.executions);
    state_.totals.executions_skipped += outcome.skipped;
    state_.totals.executions_resumed += outcome.resumed;
    if (run.job.id != 0) {
      if (outcome.kind == Kind::kDone) ++state_.totals.targets_done;
      if (outcome.kind != Kind::kInterrupted) ++state_.totals.targets_ended;
      if (outcome.kind == Kind::kSkipped) ++state_.totals.targets_skipped[outcome.reason];
    }
    gather_over_if_all_came();
    // After a stop the session may be ending, and this is one of its last callbacks.
    if (!scan_->runs.stop.stop_requested()) adapt_to_bodies(state_.running);
    // With the lock held: once it is free, run() may end and this be gone.
    changed_.notify_all();
  }
  if (next) launch(std::move(next));
}

void Engine::report(const TargetRun& run, const TargetOutcome& outcome) {
  const bool done = outcome.kind == TargetOutcome::Kind::kDone;
  const net::Url& url = run.target().url;
  // As in its findings, so that both can be compared.
  const std::string target = url.scheme.empty() ? run.target().input : url.to_string();
  records_.add(model::Outcome{done ? model::Outcome::Kind::kDone : model::Outcome::Kind::kSkipped,
                              target, "scan", outcome.reason});
  if (parts_.jobs == nullptr) return;
  const auto took = parts_.clock.now() - run.job.began;
  records_.add(JobResult{run.job.id, target, run.findings(), outcome.executions, outcome.skipped,
                         outcome.reason,
                         std::chrono::duration_cast<std::chrono::microseconds>(took),
                         run.job.worker, parts_.clock.wall()});
}

/// A body is held about three times while it is received, decoded and matched.
void Engine::adapt_to_bodies(int running) {
  const http::SessionStats stats = parts_.session.stats();
  if (stats.responses == 0) return;
  const std::uint64_t average = std::max<std::uint64_t>(1, stats.bytes_in / stats.responses);
  std::uint64_t memory = options_.body_memory;
  if (parts_.memory && parts_.memory->limited())
    memory = std::min(memory, 3 * parts_.memory->room());
  const std::uint64_t at_once = memory / (3 * average);
  const std::uint64_t per_target = at_once / static_cast<std::uint64_t>(std::max(1, running));
  const auto most = static_cast<std::uint64_t>(std::max(1, options_.templates_at_once));
  templates_at_once_.store(static_cast<int>(std::clamp<std::uint64_t>(per_target, 1, most)),
                           std::memory_order_relaxed);
}

// ---- told by the blocks, on loop threads ------------------------------------------------------

void Engine::finding(model::Finding finding) {
  if (const auto* drawn = parts_.services.drawn())
    finding.random = drawn->found_in(finding.matched_at);
  records_.add(std::move(finding));
}

bool Engine::may_send(const net::Url& url) {
  thread_local std::string room;
  return budget_.may_send(HostBudget::key(url, room));
}

void Engine::answered(const net::Url& url, const http::Response& response) {
  thread_local std::string room;
  const std::string_view key = HostBudget::key(url, room);
  if (auto record = endpoints_.answered(key, url, response, parts_.clock.wall()))
    records_.add(std::move(*record));
  if (!budget_.answered(key)) return;
  std::vector<std::weak_ptr<TargetRun>> told;
  {
    auto pilots = pilots_.lock();
    const auto [begin, end] = pilots->equal_range(key);
    for (auto it = begin; it != end; ++it) told.push_back(std::move(it->second));
    pilots->erase(begin, end);
  }
  for (const auto& pilot : told)
    if (const auto run = pilot.lock()) run->host_answered();
}

void Engine::forget_pilot(const std::string& key, const TargetRun& run) {
  auto pilots = pilots_.lock();
  const auto [begin, end] = pilots->equal_range(key);
  const auto found = std::find_if(
      begin, end, [&](const auto& entry) { return entry.second.lock().get() == &run; });
  if (found != end) pilots->erase(found);
}

void Engine::failed(const net::Url& url, const Error& error) {
  errors_[static_cast<std::size_t>(error.code)].fetch_add(1, std::memory_order_relaxed);
  const std::string key = HostBudget::key(url);
  const auto dropped = budget_.failed(key, error);
  if (!dropped) return;
  log::get("scan")->info("skipped host={} from target list as found {}", key, dropped->reason);
  std::lock_guard lock(mutex_);
  Totals& totals = state_.totals;
  ++(dropped->had_answered ? totals.hosts_lost : totals.hosts_dead);
  auto& names = dropped->had_answered ? totals.lost_hosts : totals.dead_hosts;
  if (names.size() < kNamedHosts) names.push_back(key);
}

void Engine::progress(int requests) {
  requests_done_.fetch_add(static_cast<std::uint64_t>(std::max(0, requests)),
                           std::memory_order_relaxed);
}

void Engine::warning(std::string_view text) { log::get("scan")->info("{}", text); }

Totals Engine::totals() const {
  Totals totals;
  {
    std::lock_guard lock(mutex_);
    totals = state_.totals;
    totals.targets_under_way = static_cast<std::uint64_t>(state_.probing + state_.running);
  }
  const RecordWriter::Counts records = records_.counts();
  totals.findings = records.findings;
  totals.records_lost = records.lost;
  totals.first_record_error = records.first_error;
  totals.requests_done = requests_done_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < errors_.size(); ++i)
    if (const auto count = errors_[i].load(std::memory_order_relaxed))
      totals.errors[to_string(static_cast<ErrorCode>(i))] = count;
  return totals;
}

}  // namespace m8::scan
