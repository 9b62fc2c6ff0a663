#include "cli/progress.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/terminal.h"

namespace m8::cli {
namespace {

using Seconds = std::chrono::duration<double>;
constexpr std::chrono::milliseconds kLineInterval{200};
constexpr std::chrono::milliseconds kJsonInterval{1000};
constexpr double kRateWindow = 3.0;  ///< seconds over which the rate is smoothed
constexpr const char* kWipe = "\r\x1b[K";

/// Seconds until everything is done; negative if nobody knows.
double remaining_seconds(const ProgressNumbers& numbers, double rate) {
  if (numbers.total == 0 || rate <= 0) return -1;
  if (numbers.done >= numbers.total) return 0;
  return static_cast<double>(numbers.total - numbers.done) / rate;
}

std::string short_duration(double seconds) {
  const auto whole = static_cast<long long>(std::ceil(seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
}

}  // namespace

Flag progress_flag() {
  Flag flag{"progress", {}, "WHEN", "Output", "show progress on stderr"};
  flag.detail =
      "auto shows one line when stderr is a terminal; json writes one JSON object per second.";
  flag.choices = {"auto", "json", "none"};
  flag.initial = "auto";
  flag.complete = Complete::kChoices;
  return flag;
}

ProgressMode progress_mode(const Values& flags) {
  const std::string when = flags.text("progress");
  if (flags.on("quiet") || when == "none") return ProgressMode::kNone;
  if (when == "json") return ProgressMode::kJson;
  return is_terminal(STDERR_FILENO) ? ProgressMode::kLine : ProgressMode::kNone;
}

std::string progress_line(const ProgressNumbers& numbers, const std::string& noun, double rate) {
  std::string line = std::to_string(numbers.done);
  if (numbers.total > 0) line += fmt::format("/{}", numbers.total);
  line += " " + noun;
  if (numbers.total > 0) {
    line += fmt::format(" ({}%)", std::min<std::uint64_t>(100, numbers.done * 100 / numbers.total));
  }
  line += fmt::format("  {:.0f}/s  found {}", rate, numbers.found);
  if (numbers.errors > 0) line += fmt::format("  errors {}", numbers.errors);
  const double left = remaining_seconds(numbers, rate);
  if (left >= 0) line += "  eta " + short_duration(left);
  return line;
}

std::string progress_json(const ProgressNumbers& numbers, double rate, Duration elapsed,
                          const ProcessUsage& usage) {
  json::Writer w;
  w.object();
  w.field("elapsed", std::round(Seconds(elapsed).count() * 1000) / 1000);
  w.field("done", numbers.done).key("total");
  numbers.total > 0 ? w.value(numbers.total) : w.null();
  w.field("rate", std::round(rate * 10) / 10);
  w.field("found", numbers.found).field("errors", numbers.errors).key("eta");
  const double left = remaining_seconds(numbers, rate);
  left >= 0 ? w.value(static_cast<std::int64_t>(std::ceil(left))) : w.null();
  w.field("tasks", numbers.tasks).field("threads", usage.threads);
  w.field("resident_bytes", usage.resident_bytes).field("open_files", usage.open_files);
  return w.end().take();
}

Progress::Progress(ProgressMode mode, std::string noun, std::function<ProgressNumbers()> numbers,
                   Clock& clock, int fd)
    : mode_(mode),
      noun_(std::move(noun)),
      numbers_(std::move(numbers)),
      clock_(clock),
      fd_(fd),
      began_(clock.now()),
      last_time_(began_) {
  if (mode_ != ProgressMode::kNone) {
    thread_ = std::jthread([this](std::stop_token stop) { show(std::move(stop)); });
  }
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  if (mode_ == ProgressMode::kJson) {
    const ProgressNumbers numbers = numbers_();
    const Duration elapsed = clock_.now() - began_;
    const double mean =
        static_cast<double>(numbers.done) / std::max(1e-3, Seconds(elapsed).count());
    put(progress_json(numbers, mean, elapsed, process_usage()) + "\n");
  } else if (line_shown_) {
    put(kWipe);
  }
}

void Progress::around(const std::function<void()>& write) {
  if (mode_ != ProgressMode::kLine) return write();
  std::lock_guard lock(mutex_);
  if (line_shown_) put(kWipe);
  line_shown_ = false;
  write();
}

void Progress::show(std::stop_token stop) {
  const auto interval = mode_ == ProgressMode::kJson ? kJsonInterval : kLineInterval;
  while (clock_.sleep_until(clock_.now() + interval, stop)) {
    const ProgressNumbers numbers = numbers_();
    const SteadyTime now = clock_.now();
    const double rate = update_rate(numbers, now);
    std::lock_guard lock(mutex_);
    if (mode_ == ProgressMode::kJson) {
      put(progress_json(numbers, rate, now - began_, process_usage()) + "\n");
    } else {
      put(kWipe + progress_line(numbers, noun_, rate));
      line_shown_ = true;
    }
  }
}

double Progress::update_rate(const ProgressNumbers& numbers, SteadyTime now) {
  const double seconds = std::max(1e-3, Seconds(now - last_time_).count());
  const double current = static_cast<double>(numbers.done - last_done_) / seconds;
  const double weight = last_time_ == began_ ? 1.0 : std::min(1.0, seconds / kRateWindow);
  rate_ += weight * (current - rate_);
  last_time_ = now;
  last_done_ = numbers.done;
  return rate_;
}

/// A progress line that can't be written is not worth an error.
void Progress::put(const std::string& text) {
  [[maybe_unused]] const auto written = ::write(fd_, text.data(), text.size());
}

}  // namespace m8::cli
