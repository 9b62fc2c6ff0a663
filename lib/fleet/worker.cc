#include "fleet/worker.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "fleet/narrow.h"
#include "fleet/process_name.h"

namespace m8::fleet {
namespace {

using namespace std::chrono_literals;
using What = store::JobVerdict::What;

constexpr auto kTake = 200ms;  ///< how long one place waits at the broker before the next
constexpr auto kBusyLook = 100ms;
constexpr auto kNewerHold = 2'000ms;  ///< a job of a newer version goes back after it
constexpr std::size_t kPart = 256u << 10;

constexpr int kInterruptedCode = 130;

/// What stopped a job, if anybody did.
enum class Stopped { kNo, kCancelled, kLost, kDrained };

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno_error("keep results", errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

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

/// Flags that read a file if their value is the name of one.
bool may_name_a_file(std::string_view flag) {
  static constexpr std::string_view kNames[] = {
      "header",      "var",        "exclude", "author", "tags",      "exclude-tags", "include-tags",
      "template-id", "exclude-id", "allow",   "proxy",  "resolvers", "resolver",     "trusted"};
  return std::find(std::begin(kNames), std::end(kNames), flag) != std::end(kNames);
}

/// What is looked for: of NAME=VALUE the value.
std::string file_of(std::string_view flag, const std::string& value) {
  const auto equals = flag == "var" ? value.find('=') : value.npos;
  return equals == value.npos ? value : value.substr(equals + 1);
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
      bundles_(shelf_, options_.cache),
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
  for (const std::string& queue : options_.queues)
    consumers_.push_back(
        M8_TRY(broker_.consume(queue, static_cast<std::uint16_t>(options_.slots), stop)));
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
  auto next = consumer.next(kTake, stop);
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
  if (why.code == ErrorCode::kUnsupported) {
    // Somebody newer may take it, if it does not come straight back here.
    wait(kNewerHold, stop);
    return Fate::kAgain;
  }
  const std::lock_guard lock(mutex_);
  ++stats_.refused;
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
  auto spool = TempFile::create(options_.temp);
  if (!spool.ok()) return fail(running, spool.error().message, false);
  const auto end = run_child(running, spool->fd());
  return conclude(running, end, spool->fd());
}

/// Without what this user has at home: templates and lists are the job's own.
std::vector<std::string> Worker::environment_of(const std::string& root) const {
  std::vector<std::string> out = plain_environment();
  std::erase_if(out, [](const std::string& entry) {
    return entry.starts_with("HOME=") || entry.starts_with("XDG_");
  });
  const std::string none = (root.empty() ? options_.cache : root) + "/none";
  out.push_back("HOME=" + none);
  out.push_back("XDG_DATA_HOME=" + none);
  out.push_back("XDG_CACHE_HOME=" + options_.cache);
  return out;
}

/// The job's scope within the worker's own, in a file that \p scope then is.
Status Worker::narrow(std::vector<std::string>& arguments, std::optional<TempFile>& scope) {
  if (options_.scope.empty()) return {};
  constexpr std::string_view kFlag = "--scope=";
  const std::string own = M8_TRY(read_file(options_.scope));
  std::string jobs;
  for (const std::string& argument : arguments)
    if (argument.starts_with(kFlag)) jobs = M8_TRY(read_file(argument.substr(kFlag.size())));
  std::erase_if(arguments, [&](const std::string& one) { return one.starts_with(kFlag); });
  scope = M8_TRY(TempFile::create(options_.temp));
  const std::string both = M8_TRY(narrow_scope(own, jobs));
  M8_TRY(write_all(scope->fd(), both));
  arguments.push_back(std::string(kFlag) + scope->path());
  return {};
}

Result<ProgramOptions> Worker::child_of(const Running& running) {
  const Job& job = running.job;
  std::string root;
  if (!job.bundle.empty()) root = M8_TRY(bundles_.folder(job.bundle));
  ProgramOptions child;
  child.program = M8_TRY(sibling_program(job.program));
  child.arguments = {job.command, "--as-job=" + (root.empty() ? std::string("/") : root),
                     "--config=/dev/null", "--no-store"};
  for (const std::string& argument : job.arguments) {
    const auto equals = std::min(argument.find('='), argument.size());
    const std::string_view name = std::string_view(argument).substr(0, equals);
    std::string value(argument.substr(std::min(equals + 1, argument.size())));
    const Travels how = how_travels(job.program + " " + job.command, name.substr(2));
    const bool path = how == Travels::kPath || (how == Travels::kEither && value.starts_with('@'));
    std::error_code error;
    if (path) {
      value.replace(0, 1, root);
    } else if (may_name_a_file(name.substr(2)) &&
               std::filesystem::is_regular_file(file_of(name.substr(2), value), error)) {
      return Error{ErrorCode::kDenied, fmt::format("{}: names a file of this machine", name)};
    }
    child.arguments.push_back(equals == argument.size() ? argument
                                                        : fmt::format("{}={}", name, value));
  }
  if (running.share > 0)
    child.arguments.push_back(fmt::format("--rate={:.3f}/s", double(running.share) / 1000));
  for (const std::string& line : job.input) child.input += line + "\n";
  child.environment = environment_of(root);
  child.deadline = options_.job_time;
  child.nice = options_.nice;
  child.memory = options_.memory;
  return child;
}

Result<ProgramEnd> Worker::run_child(Running& running, int spool) {
  ProgramOptions child = M8_TRY(child_of(running));
  std::optional<TempFile> scope;
  M8_TRY(narrow(child.arguments, scope));
  std::string buffer;
  ProgramOutput output;
  output.line = [&](std::string_view line) -> Status {
    if (line.starts_with("{\"end\"")) running.last_line = line;
    buffer.append(line).push_back('\n');
    if (buffer.size() < kPart) return {};
    return write_all(spool, std::exchange(buffer, {}));
  };
  auto end = run_program(child, output, clock_, running.stop.get_token());
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
    wait(kNewerHold, running.stop.get_token());  // want of templates or disk: not at once again
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

void Worker::beat() {
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
