#include "fleet/autoscale.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <list>
#include <thread>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/file.h"
#include "fleet/flags.h"
#include "fleet/program.h"
#include "queue/broker_metrics.h"
#include "queue/settings.h"
#include "store/chosen_store.h"
#include "store/sql_jobs.h"

namespace m8::fleet {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 1s;
constexpr double kLookAhead = 10;   ///< seconds of the trend that count
constexpr double kIdleBefore = 10;  ///< seconds without need before one fewer
constexpr double kSmooth = 0.5;

Result<int> number_of(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0 || number > 1'000)
    return Error{ErrorCode::kInvalidArgument, "--autoscale: not MIN..MAX, such as 1..8"};
  return number;
}

/// A worker process and the thread that waits for it.
struct Hand {
  int number = 1;  ///< the lowest that no other has
  std::jthread thread;
  std::atomic<bool> over{false};
};

/// This program's own arguments, secrets included, without what is for the supervisor.
Result<std::vector<std::string>> own_arguments() {
  const std::string line = M8_TRY(read_file("/proc/self/cmdline", 1u << 20));
  std::vector<std::string> words, out;
  for (std::size_t at = 0; at < line.size();) {
    words.emplace_back(line.c_str() + at);
    at += words.back().size() + 1;
  }
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--autoscale" || words[i] == "-autoscale") {
      ++i;
    } else if (!words[i].starts_with("--autoscale=") && !words[i].starts_with("-autoscale=")) {
      out.push_back(words[i]);
    }
  }
  return out;
}

/// Files that each worker has for itself.
struct OwnFiles {
  std::string metrics, profile;
};

class Supervisor {
 public:
  Supervisor(ProgramOptions worker, OwnFiles files)
      : worker_(std::move(worker)), files_(std::move(files)) {}
  ~Supervisor() { set(0); }

  void set(int wanted) {
    hands_.remove_if([](const auto& hand) { return hand->over.load(); });
    while (static_cast<int>(hands_.size()) < wanted) start();
    std::list<std::unique_ptr<Hand>> leaving;
    while (static_cast<int>(hands_.size()) > std::max(wanted, 0)) {
      hands_.back()->thread.request_stop();
      leaving.push_back(std::move(hands_.back()));
      hands_.pop_back();
    }
    if (wanted == 0) {
      leaving.clear();  // waits
      leaving_.clear();
    }
    leaving_.splice(leaving_.end(), leaving);
    leaving_.remove_if([](const auto& hand) { return hand->over.load(); });
  }

 private:
  void start() {
    auto hand = std::make_unique<Hand>();
    hand->number = free_number();
    hand->thread = std::jthread([this, raw = hand.get()](const std::stop_token& stop) {
      ProgramOptions options = worker_;
      // The last one counts: the page's port is this process's.
      options.arguments.insert(
          options.arguments.end(),
          {"--metrics-listen=", "--metrics-file=" + path_of_worker(files_.metrics, raw->number),
           "--cpu-profile=" + path_of_worker(files_.profile, raw->number)});
      ProgramOutput output;
      output.message = [](std::string_view line) { fmt::print(stderr, "{}\n", line); };
      (void)run_program(options, output, SystemClock::instance(), stop);
      raw->over = true;
    });
    hands_.push_back(std::move(hand));
  }

  int free_number() const {
    const auto has = [](const auto& hands, int number) {
      return std::any_of(hands.begin(), hands.end(),
                         [&](const auto& hand) { return hand->number == number; });
    };
    int number = 1;
    while (has(hands_, number) || has(leaving_, number)) ++number;
    return number;
  }

  const ProgramOptions worker_;
  const OwnFiles files_;
  std::list<std::unique_ptr<Hand>> hands_, leaving_;
};

}  // namespace

Result<ScaleBounds> ScaleBounds::parse(std::string_view text) {
  const auto dots = text.find("..");
  ScaleBounds bounds;
  bounds.least = M8_TRY(number_of(text.substr(0, dots)));
  bounds.most = dots == text.npos ? bounds.least : M8_TRY(number_of(text.substr(dots + 2)));
  if (bounds.most >= std::max(bounds.least, 1)) return bounds;
  return Error{ErrorCode::kInvalidArgument, "--autoscale: MAX is below MIN, or 0"};
}

int Scale::wanted(std::uint64_t waiting, std::uint64_t busy, double now) {
  if (last_time_ >= 0 && now > last_time_) {
    const double change = (double(waiting) - double(last_waiting_)) / (now - last_time_);
    trend_ += kSmooth * (change - trend_);
  }
  last_time_ = now;
  last_waiting_ = waiting;
  const double coming =
      std::max(double(waiting) + trend_ * kLookAhead, double(waiting) > 0 ? 1.0 : 0.0);
  const double jobs = double(busy) + std::max(coming, 0.0);
  const int need =
      std::clamp(static_cast<int>((jobs + slots_ - 1) / slots_), bounds_.least, bounds_.most);
  if (need >= current_) {
    current_ = need;
    idle_since_ = -1;
  } else if (idle_since_ < 0) {
    idle_since_ = now;
  } else if (now - idle_since_ >= kIdleBefore) {
    --current_;
    idle_since_ = now;
  }
  current_ = std::max(current_, bounds_.least);
  return current_;
}

std::string path_of_worker(const std::string& path, int number) {
  if (path.empty()) return path;
  const std::filesystem::path whole(path);
  const std::string name =
      fmt::format("{}-{}{}", whole.stem().string(), number, whole.extension().string());
  return (whole.parent_path() / name).string();
}

Result<int> autoscale(const cli::Context& context,
                      const std::function<void(const std::string&)>& say,
                      const std::function<Status()>& begun, std::stop_token stop) {
  const cli::Values& flags = context.flags;
  Clock& clock = SystemClock::instance();
  const ScaleBounds bounds = M8_TRY(ScaleBounds::parse(flags.text("autoscale")));
  const auto store = M8_TRY(store::open_chosen(flags, {}));
  store::SqlJobs jobs(*store);
  const auto broker = M8_TRY(queue::open_chosen(flags, stop));
  const queue::Names names = queue::chosen_names(flags);
  M8_TRY(broker->declare(work_topology(flags), stop));
  const auto watch = queue::watch_queues(*broker, queue::queues_of(names, 1), stop);
  M8_TRY(begun());
  Scale scale(bounds, flags.number<int>("concurrency"));
  ProgramOptions worker;
  worker.program = M8_TRY(sibling_program("m8"));
  worker.arguments = M8_TRY(own_arguments());
  worker.grace = flags.duration("drain-timeout") + 5s;
  Supervisor supervisor(std::move(worker), {flags.text("metrics-file"), flags.text("cpu-profile")});
  int shown = -1;
  do {
    const auto state = broker->inspect(names.work_queue(0), stop);
    std::uint64_t busy = 0;
    for (const store::WorkerRow& one : jobs.workers().value_or({}))
      busy += static_cast<std::uint64_t>(one.running);
    const double now = std::chrono::duration<double>(clock.now().time_since_epoch()).count();
    const int wanted = scale.wanted(state.ok() ? state->messages : 0, busy, now);
    supervisor.set(std::max(wanted, 0));
    if (wanted != shown) say(fmt::format("{} workers", shown = wanted));
  } while (clock.sleep_until(clock.now() + kLook, stop));
  supervisor.set(0);
  return 0;
}

}  // namespace m8::fleet
