#include "cli/run_limits.h"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "cli/value_type.h"

namespace m8::cli {
namespace {

constexpr std::chrono::milliseconds kSampleEvery{5};

/// "2026-11-28T02:00:00" and a zone: Z, +02:00, or nothing for local time.
std::optional<WallTime> parse_time(std::string_view text) {
  const std::string copy(text);
  std::tm parts{};
  const char* rest = ::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  parts.tm_isdst = -1;
  if (*rest == '\0') return std::chrono::system_clock::from_time_t(std::mktime(&parts));
  std::tm zone{};
  const std::string_view offset = rest;
  if (offset != "Z") {
    if (offset.size() != 6 || offset[3] != ':' || (offset[0] != '+' && offset[0] != '-'))
      return std::nullopt;
    const char* end = ::strptime(rest + 1, "%H:%M", &zone);
    if (end == nullptr || *end != '\0') return std::nullopt;
  }
  const std::time_t east = zone.tm_hour * 3600 + zone.tm_min * 60;
  const std::time_t utc = ::timegm(&parts) - (offset[0] == '-' ? -east : east);
  return std::chrono::system_clock::from_time_t(utc);
}

}  // namespace

std::vector<Flag> run_limit_flags() {
  Flag deadline;
  deadline.name = "deadline";
  deadline.section = "Run";
  deadline.argument = "TIME";
  deadline.brief = "end by then, with what is done";
  deadline.detail =
      "A duration from now (90s, 2h30m) or a time (2026-11-28T02:00:00Z). Input ends then, what is "
      "in flight gets two seconds, results are kept and written, and the exit code is 4.";
  Flag memory;
  memory.name = "max-memory";
  memory.section = "Run";
  memory.argument = "SIZE";
  memory.type = ValueType::size(1ll << 20, 1ll << 40);
  memory.brief = "stay below so much memory";
  memory.detail =
      "150M, 1G. Near the limit less is begun and large answers are received one after another. If "
      "that does not help, the run ends with what it has, and the exit code is 4.";
  return {deadline, memory};
}

Result<SteadyTime> parse_deadline(std::string_view text, Clock& clock) {
  if (text.find('T') == text.npos) {
    const auto duration = parse_duration(text);
    if (!duration.ok())
      return Error{ErrorCode::kInvalidArgument, fmt::format("not a duration or time: {}", text)};
    return clock.now() + std::chrono::milliseconds(*duration);
  }
  const auto time = parse_time(text);
  if (!time)
    return Error{ErrorCode::kInvalidArgument, fmt::format("not a duration or time: {}", text)};
  const auto left = *time - clock.wall();
  if (left <= WallTime::duration::zero())
    return Error{ErrorCode::kInvalidArgument, fmt::format("is past: {}", text)};
  return clock.now() + std::chrono::duration_cast<Duration>(left);
}

Result<std::unique_ptr<RunLimits>> RunLimits::create(const Values& flags, const Signals& signals,
                                                     Clock& clock) {
  std::optional<SteadyTime> deadline;
  if (const std::string text = flags.text("deadline"); !text.empty()) {
    const auto time = parse_deadline(text, clock);
    if (!time.ok()) return time.error().with_context("--deadline");
    deadline = *time;
  }
  std::unique_ptr<RunLimits> limits(new RunLimits(deadline, flags.bytes("max-memory"), clock));
  limits->on_signal_.emplace(signals.token(), [raw = limits.get()] { raw->stop(End::kSignal); });
  return limits;
}

RunLimits::RunLimits(std::optional<SteadyTime> deadline, std::uint64_t memory, Clock& clock)
    : deadline_(deadline), clock_(clock), memory_(memory) {
  if (deadline_ || memory_.limited())
    watcher_ = std::jthread([this](std::stop_token stop) { watch(std::move(stop)); });
}

RunLimits::~RunLimits() = default;

void RunLimits::watch(std::stop_token ending) {
  for (bool told = false; !ending.stop_requested();) {
    const SteadyTime now = clock_.now();
    if (deadline_ && now >= *deadline_ && !std::exchange(told, true)) stop(End::kDeadline);
    if (memory_.watch()) stop(End::kMemory);
    SteadyTime next = memory_.limited() ? now + kSampleEvery : SteadyTime::max();
    if (deadline_ && !told) next = std::min(next, *deadline_);
    if (next == SteadyTime::max()) return;
    (void)clock_.sleep_until(next, ending);
  }
}

void RunLimits::stop(End reason) {
  End none = End::kNone;
  (void)end_.compare_exchange_strong(none, reason);
  stop_.request_stop();
}

RunLimits::End RunLimits::end() const {
  const End end = end_.load();
  return end == End::kNone && stop_.stop_requested() ? End::kOther : end;
}

std::string RunLimits::text(std::uint64_t not_done, std::uint64_t all,
                            std::string_view what) const {
  const std::string why = end() == End::kDeadline
                              ? "deadline reached"
                              : fmt::format("memory limit of {} MB reached", memory_.limit() >> 20);
  return fmt::format("{}: {} of {} {} not done", why, not_done, all, what);
}

}  // namespace m8::cli
