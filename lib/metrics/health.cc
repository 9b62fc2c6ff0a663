#include "metrics/health.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "base/json.h"
#include "base/version.h"
#include "metrics/metrics.h"

namespace m8::metrics {
namespace {

std::string seconds_text(std::chrono::milliseconds time) {
  return fmt::format("{} s", std::chrono::duration<double>(time).count());
}

void put(json::Writer& w, const CheckResult& result) {
  w.object().field("status", result.healthy ? "healthy" : "unhealthy");
  w.field("duration", static_cast<std::int64_t>(result.duration.count()));
  w.optional("message", result.message).optional("error", result.error).end();
}

void put(json::Writer& w, const PerformanceNumbers& numbers) {
  w.object().field("database_connections", numbers.database_connections);
  w.field("active_goroutines", numbers.active_tasks).key("memory_usage").object();
  w.field("resident_bytes", numbers.resident_bytes).field("peak_bytes", numbers.peak_bytes);
  w.field("available_bytes", numbers.available_bytes).end().key("queue_depth").object();
  for (const auto& [queue, depth] : numbers.queue_depth) w.field(queue, depth);
  w.end().end();
}

}  // namespace

bool HealthStatus::healthy() const {
  return std::all_of(checks.begin(), checks.end(),
                     [](const auto& check) { return check.second.healthy; });
}

bool HealthStatus::ready() const {
  return std::all_of(checks.begin(), checks.end(), [](const auto& check) {
    return check.second.healthy || !check.second.essential;
  });
}

std::string to_json(const HealthStatus& status) {
  json::Writer w;
  w.object().field("status", status.healthy() ? "healthy" : "degraded");
  w.field("timestamp", rfc3339(status.timestamp)).field("version", status.version);
  w.key("checks").object();
  for (const auto& [name, result] : status.checks) put(w.key(name), result);
  w.end().key("metrics");
  put(w, status.numbers);
  return w.end().take();
}

int exit_code(const HealthStatus& status) {
  if (!status.ready()) return 2;
  return status.healthy() ? 0 : 1;
}

/// One check's thread and what it came to.
struct HealthChecker::Running {
  std::mutex mutex;
  std::condition_variable ended;
  bool busy = false, late = false;  ///< late: a report has said so
  CheckResult result;
  std::jthread thread;
};

HealthChecker::HealthChecker(std::vector<Check> checks, std::function<PerformanceNumbers()> numbers,
                             Clock& clock)
    : checks_(std::move(checks)), numbers_(std::move(numbers)), clock_(clock) {
  for (std::size_t i = 0; i < checks_.size(); ++i) running_.push_back(std::make_unique<Running>());
}

HealthChecker::~HealthChecker() {
  for (const auto& running : running_) running->thread.request_stop();
}

void HealthChecker::start(const Check& check, Running& running) {
  {
    const std::lock_guard lock(running.mutex);
    if (running.busy) return;
    running.busy = true;
    running.late = false;
  }
  running.thread = std::jthread([this, &check, &running](const std::stop_token& stop) {
    const SteadyTime began = clock_.now();
    const Result<std::string> said = check.run(stop);
    CheckResult result{said.ok(), check.essential, clock_.now() - began, {}, {}};
    (said.ok() ? result.message : result.error) = said.ok() ? *said : said.error().message;
    const std::lock_guard lock(running.mutex);
    running.result = std::move(result);
    running.busy = false;
    running.ended.notify_all();
  });
}

CheckResult HealthChecker::await(const Check& check, Running& running, SteadyTime began,
                                 std::chrono::milliseconds deadline) {
  std::unique_lock lock(running.mutex);
  const auto left = deadline - (clock_.now() - began);
  if (running.ended.wait_for(lock, left, [&running] { return !running.busy; }))
    return running.result;
  const char* what = running.late ? "still waiting after " : "no answer within ";
  running.late = true;
  lock.unlock();
  running.thread.request_stop();
  return {false, check.essential, deadline, {}, what + seconds_text(deadline)};
}

bool HealthChecker::busy() const {
  return std::any_of(running_.begin(), running_.end(), [](const auto& running) {
    const std::lock_guard lock(running->mutex);
    return running->busy;
  });
}

HealthStatus HealthChecker::check(std::chrono::milliseconds deadline,
                                  const std::vector<std::string>& only) {
  const std::lock_guard turn(turn_);
  const SteadyTime began = clock_.now();
  HealthStatus status{clock_.wall(), version(), {}, {}};
  const auto wanted = [&only](const Check& check) {
    return only.empty() || std::find(only.begin(), only.end(), check.name) != only.end();
  };
  for (std::size_t i = 0; i < checks_.size(); ++i) {
    if (wanted(checks_[i])) start(checks_[i], *running_[i]);
  }
  for (std::size_t i = 0; i < checks_.size(); ++i) {
    const Check& check = checks_[i];
    if (!wanted(check)) continue;
    const CheckResult result = await(check, *running_[i], began, deadline);
    Registry::process().gauge(kHealthy, {check.name}).set(result.healthy ? 1 : 0);
    status.checks[check.name] = result;
  }
  if (numbers_) status.numbers = numbers_();
  return status;
}

}  // namespace m8::metrics
