#include "fleet/worker.h"

#include <algorithm>
#include <csignal>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "fleet/process_name.h"

namespace m8::fleet {
namespace {

using namespace std::chrono_literals;
using What = store::JobVerdict::What;

constexpr auto kTake = 200ms;  ///< how long one place waits at the broker before the next
constexpr auto kBusyLook = 100ms;
constexpr auto kHold = 2'000ms;  ///< what could not be done now goes back after it
constexpr auto kLongestHold = 30s;
constexpr std::size_t kPart = 256u << 10;

constexpr int kInterruptedCode = 130;

/// What stopped a job, if anybody did.
enum class Stopped { kNo, kCancelled, kLost, kDrained };

/// The parts of a file of lines, each of whole lines.
class Parts {
 public:
  explicit Parts(int fd) : fd_(fd) {}
  Result<std::string> next(bool first) {
    if (first) at_ = 0;
    std::string part(kPart, '\0');
    for (;;) {
      const ssize_t got = ::pread(fd_, part.data(), part.size(), at_);
      if (got < 0) return errno_error("read results", errno);
      const std::string_view read(part.data(), static_cast<std::size_t>(got));
      const auto end = read.rfind('\n');
      if (end != read.npos || got == 0) {
        part.resize(end == read.npos ? 0 : end + 1);
        at_ += static_cast<off_t>(part.size());
        return part;
      }
      part.resize(part.size() * 2);
    }
  }

 private:
  const int fd_;
  off_t at_ = 0;
};

/// The number behind "requests": in the last line of a job's records; 0 if there is none.
std::uint64_t requests_of(std::string_view last) {
  const auto value = json::parse(last);
  if (!value.ok()) return 0;
  const json::Value* end = value->find("end");
  const json::Value* http = end ? end->find("http") : nullptr;
  const json::Value* requests = http ? http->find("requests") : nullptr;
  return requests ? static_cast<std::uint64_t>(requests->as_int()) : 0;
}

/// The number behind "done": in a line of --progress json.
std::uint64_t done_of(std::string_view line) {
  const auto value = json::parse(line);
  const json::Value* done = value.ok() ? value->find("done") : nullptr;
  return done ? static_cast<std::uint64_t>(done->as_int()) : 0;
}

}  // namespace

/// Lets jobs run side by side, or one alone.
class Worker::Gate {
 public:
  /// False after a stop.
  bool enter(bool alone, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (alone) ++waiting_alone_;
    const bool good = changed_.wait(lock, stop, [&] {
      return alone ? inside_ == 0 && !alone_ : !alone_ && waiting_alone_ == 0;
    });
    if (alone) --waiting_alone_;
    if (!good || stop.stop_requested()) {
      changed_.notify_all();
      return false;
    }
    alone_ = alone;
    ++inside_;
    return true;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    --inside_;
    alone_ = false;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int inside_ = 0, waiting_alone_ = 0;
  bool alone_ = false;
};

struct Worker::Running {
  Job job;
  std::string worker;  ///< the life in which it was begun
  std::int64_t share = 0;
  bool alone = false;
  std::stop_source stop;
  std::atomic<Stopped> why{Stopped::kNo};
  SteadyTime begun{};
  std::string last_line;
  std::atomic<std::uint64_t> done{0};  ///< requests, names
  std::uint64_t told = 0;              ///< of done, to the store

  void end(Stopped reason) {
    Stopped none = Stopped::kNo;
    why.compare_exchange_strong(none, reason);
    stop.request_stop();
  }
};

Worker::Worker(queue::Broker& broker, store::Store& store, WorkerOptions options, Say say,
               Clock& clock)
    : broker_(broker),
      options_(std::move(options)),
      say_(std::move(say)),
      clock_(clock),
      jobs_(store),
      shelf_(jobs_, options_.share),
      bundles_(shelf_, options_.programs.cache),
      gate_(std::make_unique<Gate>()) {}

Worker::~Worker() = default;

WorkerStats Worker::stats() const {
  const std::lock_guard lock(mutex_);
  WorkerStats stats = stats_;
  stats.running = static_cast<int>(running_.size());
  return stats;
}

bool Worker::wait(std::chrono::milliseconds time, const std::stop_token& stop) {
  return clock_.sleep_until(clock_.now() + time, stop);
}

Status Worker::run(std::stop_token stop) {
  PulseOptions pulse = options_.pulse;
  pulse.slots = options_.slots;
  if (pulse.process.empty()) pulse.process = own_process_name();
  pulse_ = std::make_unique<Pulse>(
      jobs_, pulse, [this](const std::string& why) { lose(why); }, [this] { beat(); }, clock_);
  M8_TRY(pulse_->begin());
  for (const std::string& queue : options_.queues) M8_TRY(consume(queue, stop));
  {
    std::vector<std::jthread> places;
    for (int i = 0; i < options_.slots; ++i) places.emplace_back([this, stop] { serve(stop); });
    // What is under way may end; then it has to.
    std::jthread drain([this, stop](const std::stop_token& over) {
      while (!stop.stop_requested() && wait(100ms, over)) {
      }
      if (over.stop_requested() || !wait(options_.drain, over)) return;
      const std::lock_guard lock(mutex_);
      for (Running* one : running_) one->end(Stopped::kDrained);
    });
    places.clear();
  }
  for (auto& consumer : consumers_) consumer->cancel();
  consumers_.clear();
  pulse_.reset();
  return broken_;
}

/// Never more deliveries than places: what waits here could be done elsewhere.
Status Worker::consume(const std::string& queue, const std::stop_token& stop) {
  for (int left = options_.slots; left > 0;) {
    const auto most = static_cast<std::uint16_t>(std::min<int>(left, options_.prefetch));
    consumers_.push_back(M8_TRY(broker_.consume(queue, most, stop)));
    left -= most;
  }
  return {};
}

void Worker::serve(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    auto taken = take(stop);
    if (!taken) {
      const std::lock_guard lock(taking_);
      if (!broken_.ok()) return;
      continue;
    }
    auto& [consumer, delivery] = *taken;
    const Fate fate = handle(delivery, stop);
    // What can't be settled comes again, and is known by its id.
    if (fate == Fate::kAck) {
      (void)consumer->ack(delivery);
    } else {
      (void)consumer->reject(delivery, fate == Fate::kAgain);
    }
  }
}

std::optional<std::pair<queue::Consumer*, queue::Delivery>> Worker::take(
    const std::stop_token& stop) {
  const std::lock_guard lock(taking_);
  if (stop.stop_requested() || !broken_.ok()) return std::nullopt;
  queue::Consumer& consumer = *consumers_[next_consumer_++ % consumers_.size()];
  auto next = consumer.next(kTake / static_cast<int>(consumers_.size()), stop);
  if (!next.ok()) {
    if (next.error().code != ErrorCode::kCancelled) broken_ = next.error();
    return std::nullopt;
  }
  if (!*next) return std::nullopt;
  return std::pair(&consumer, std::move(**next));
}

Worker::Fate Worker::refuse(const queue::Delivery& delivery, const Error& why,
                            const std::stop_token& stop) {
  say_(fmt::format("message {}: {}", delivery.message.id.substr(0, 64), why.message));
  const auto key = key_of(delivery.message.id);
  if (why.code == ErrorCode::kUnsupported && key) return leave(*key, delivery, why, stop);
  const std::lock_guard lock(mutex_);
  ++stats_.refused;
  return Fate::kDead;
}

/// A job for somebody newer: it goes back, later each time, until that was too often.
Worker::Fate Worker::leave(const store::JobKey& key, const queue::Delivery& delivery,
                           const Error& why, const std::stop_token& stop) {
  const std::string worker = pulse_->name();
  const auto verdict = jobs_.refuse(
      {key, digest_of(delivery.message), worker, {}, false, options_.limits}, why.message);
  if (!verdict.ok()) {  // a store that restarts
    wait(kHold, stop);
    return Fate::kAgain;
  }
  if (verdict->what == What::kOver) return Fate::kAck;
  if (verdict->what == What::kBusy) {
    const std::chrono::milliseconds hold = kHold * (1 << std::clamp(verdict->attempt - 1, 0, 8));
    wait(std::min<std::chrono::milliseconds>(hold, kLongestHold), stop);
    (void)jobs_.give_back(key, worker);
    return Fate::kAgain;
  }
  const std::lock_guard lock(mutex_);
  ++(verdict->what == What::kGivenUp ? stats_.given_up : stats_.refused);
  return Fate::kDead;
}

Worker::Fate Worker::handle(const queue::Delivery& delivery, const std::stop_token& stop) {
  auto job = decode(delivery.message.body);
  if (!job.ok()) return refuse(delivery, job.error(), stop);
  Running running;
  running.job = std::move(job).value();
  const std::string digest = digest_of(delivery.message);
  if (const auto fate = begin(running, digest, stop)) return *fate;
  {
    const std::lock_guard lock(mutex_);
    running_.push_back(&running);
    ++stats_.started;
    pulse_->set_running(static_cast<int>(running_.size()));
  }
  const Fate fate = work(running);
  {
    const std::lock_guard lock(mutex_);
    running_.remove(&running);
    pulse_->set_running(static_cast<int>(running_.size()));
  }
  gate_->leave();
  return fate;
}

/// Nothing if it is ours now, with a place inside the gate.
std::optional<Worker::Fate> Worker::begin(Running& running, const std::string& digest,
                                          const std::stop_token& stop) {
  std::optional<SteadyTime> patience;
  for (;;) {
    if (!gate_->enter(running.alone, stop)) return Fate::kAgain;
    if (!patience) patience = clock_.now() + options_.busy_hold;
    const bool alone = running.alone;
    const auto fate = ask(running, digest);
    if (!fate && !running.worker.empty()) return std::nullopt;
    gate_->leave();
    if (fate) return fate;
    if (running.alone != alone) {
      patience.reset();  // it may take a while until nothing else runs
    } else if (clock_.now() >= *patience || !wait(kBusyLook, stop)) {
      return Fate::kAgain;
    }
  }
}

/// Asks the store for it: running.worker is set if we have it.
std::optional<Worker::Fate> Worker::ask(Running& running, const std::string& digest) {
  const std::string worker = pulse_->name();
  if (worker.empty()) return std::nullopt;
  const auto verdict = jobs_.start({running.job.key, digest, worker, running.job.hosts,
                                    running.alone || options_.slots == 1, options_.limits});
  if (!verdict.ok()) return std::nullopt;  // a store that restarts
  const auto count = [&](std::uint64_t WorkerStats::*what) {
    const std::lock_guard lock(mutex_);
    ++(stats_.*what);
  };
  switch (verdict->what) {
    case What::kStarted:
      running.worker = worker;
      running.share = verdict->share;
      running.begun = clock_.now();
      return std::nullopt;
    case What::kBusy:
      return std::nullopt;
    case What::kWantsAlone:
      running.alone = true;
      return std::nullopt;
    case What::kOver:
      count(&WorkerStats::over);
      return Fate::kAck;
    case What::kGivenUp:
      count(&WorkerStats::given_up);
      say_(fmt::format("job {} of run {} is given up: {}", running.job.key.number,
                       running.job.key.run, verdict->reason));
      return Fate::kDead;
    case What::kUnknown:
      count(&WorkerStats::refused);
      say_(fmt::format("message {}.{}: no job that the store knows", running.job.key.run,
                       running.job.key.number));
      return Fate::kDead;
  }
  return Fate::kDead;
}

/// Calls until the store answers or the job is not ours any more.
template <typename Call>
auto Worker::insist(Running& running, Call call) -> decltype(call()) {
  for (auto delay = 100ms;; delay = std::min(delay * 2, std::chrono::milliseconds(2'000))) {
    auto result = call();
    if (result.ok() || result.error().code == ErrorCode::kNotFound) return result;
    if (running.why == Stopped::kLost || pulse_->name() != running.worker) return result;
    wait(delay, running.why == Stopped::kLost ? running.stop.get_token() : std::stop_token());
  }
}

Worker::Fate Worker::work(Running& running) {
  if (const Status allowed = check_job(running.job); !allowed.ok())
    return give_up(running, allowed.error().message);
  auto spool = TempFile::create(options_.programs.temp);
  if (!spool.ok()) return fail(running, spool.error().message, false);
  const auto end = run_child(running, spool->fd());
  return conclude(running, end, spool->fd());
}

Result<ProgramEnd> Worker::run_child(Running& running, int spool) {
  std::string root;
  if (!running.job.bundle.empty()) root = M8_TRY(bundles_.folder(running.job.bundle));
  const JobProgram child =
      M8_TRY(JobProgram::create(running.job, root, running.share, options_.programs));
  std::string buffer;
  ProgramOutput output;
  output.line = [&](std::string_view line) -> Status {
    if (line.starts_with("{\"end\"")) running.last_line = line;
    buffer.append(line).push_back('\n');
    if (buffer.size() < kPart) return {};
    return write_all(spool, std::exchange(buffer, {}));
  };
  output.progress = [&](std::string_view line) { running.done = done_of(line); };
  auto end = run_program(child.program(), output, clock_, running.stop.get_token());
  if (end.ok()) M8_TRY(write_all(spool, buffer));
  return end;
}

Worker::Fate Worker::conclude(Running& running, const Result<ProgramEnd>& end, int spool) {
  // Interrupted, and not by us: with all processes of a service, or at a terminal.
  if (end.ok() && end->exit_code == kInterruptedCode) running.end(Stopped::kDrained);
  if (running.why == Stopped::kLost) return Fate::kAgain;
  if (running.why == Stopped::kCancelled || running.why == Stopped::kDrained) {
    (void)insist(running, [&] { return jobs_.give_back(running.job.key, running.worker); });
    const std::lock_guard lock(mutex_);
    ++stats_.returned;
    return running.why == Stopped::kCancelled ? Fate::kAck : Fate::kAgain;
  }
  if (!end.ok() && end.error().code == ErrorCode::kDenied)
    return give_up(running, end.error().message);
  if (!end.ok()) {
    wait(kHold, running.stop.get_token());  // want of templates or disk: not at once again
    return fail(running, end.error().message, false);
  }
  if (end->reason == ProgramEnd::Reason::kDeadline)
    return fail(running, "it took longer than a job may", true);
  if (end->crashed()) {
    // Killed from outside, as for want of memory: that may be its neighbours' fault.
    const bool killed = end->exit_code == 128 + SIGKILL;
    return fail(running, fmt::format("its program was ended by signal {}", end->exit_code - 128),
                !killed || running.alone || options_.slots == 1);
  }
  if (running.last_line.empty()) {
    const std::string& said = end->last_messages;
    return fail(running,
                fmt::format("its program failed with {}: {}", end->exit_code,
                            said.substr(0, std::min(said.find('\n'), said.size()))),
                true);
  }
  hold_rate(running);
  return store_results(running, spool);
}

/// Before the share is given back, so much time has passed that the rate was kept, however short
/// the job and large its first burst.
void Worker::hold_rate(Running& running) {
  if (running.share <= 0) return;
  const double seconds = double(requests_of(running.last_line)) * 1000 / double(running.share);
  const auto until =
      running.begun + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  clock_.sleep_until(until, running.stop.get_token());
}

Worker::Fate Worker::store_results(Running& running, int spool) {
  Parts parts(spool);
  const Status stored = insist(running, [&] {
    return jobs_.finish(running.job.key, running.worker,
                        [&](bool first) { return parts.next(first); });
  });
  // Another has it by now, and will end it.
  if (!stored.ok()) return stored.error().code == ErrorCode::kNotFound ? Fate::kAck : Fate::kAgain;
  const std::lock_guard lock(mutex_);
  ++stats_.done;
  return Fate::kAck;
}

Worker::Fate Worker::give_up(Running& running, const std::string& why) {
  return fail(running, why, true, {0, 0});
}

Worker::Fate Worker::fail(Running& running, const std::string& why, bool counts) {
  return fail(running, why, counts, options_.limits);
}

Worker::Fate Worker::fail(Running& running, const std::string& why, bool counts,
                          const store::JobLimits& limits) {
  const auto given_up = insist(
      running, [&] { return jobs_.fail(running.job.key, running.worker, why, counts, limits); });
  const bool dead = given_up.ok() && *given_up;
  say_(fmt::format("job {} of run {}{}: {}", running.job.key.number, running.job.key.run,
                   dead ? " is given up" : "", why));
  const std::lock_guard lock(mutex_);
  ++(dead ? stats_.given_up : stats_.failed);
  return dead ? Fate::kDead : Fate::kAgain;
}

/// Says how far jobs are; a store that does not listen will hear the next time.
void Worker::tell_progress() {
  std::vector<store::JobProgress> news;
  {
    const std::lock_guard lock(mutex_);
    for (Running* one : running_) {
      const std::uint64_t done = one->done;
      if (done == std::exchange(one->told, done)) continue;
      news.push_back({one->job.key, done});
    }
  }
  if (!news.empty()) (void)jobs_.set_progress(pulse_->name(), news);
}

void Worker::beat() {
  tell_progress();
  std::vector<std::int64_t> runs;
  {
    const std::lock_guard lock(mutex_);
    for (const Running* one : running_) runs.push_back(one->job.key.run);
  }
  if (runs.empty()) return;
  std::sort(runs.begin(), runs.end());
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  const auto cancelled = jobs_.cancelled(runs);
  if (!cancelled.ok()) return;
  const std::lock_guard lock(mutex_);
  for (Running* one : running_)
    if (std::find(cancelled->begin(), cancelled->end(), one->job.key.run) != cancelled->end())
      one->end(Stopped::kCancelled);
}

void Worker::lose(const std::string& why) {
  say_("out of touch with the store, so what is under way is dropped: " + why);
  const std::lock_guard lock(mutex_);
  for (Running* one : running_) one->end(Stopped::kLost);
}

}  // namespace m8::fleet
