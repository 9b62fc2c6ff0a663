/// Health: checks that run side by side, each with a deadline, and the guides' report of them.
///
/// A check is any function; what it looks at (a database, a broker, the disk) is the business of
/// whoever writes it. Nothing here knows HTTP: `m8 health` prints the report, the API serves it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace m8::metrics {

struct Check {
  std::string name;        ///< "database", "rabbitmq", "nuclei", "burpsuite", "redis", ...
  bool essential = false;  ///< without it the service can't work: not ready, exit code 2
  /// What there is to say if all is well ("12 connections"), or the error. Called on a thread of
  /// its own; must end soon after the stop is requested, which it is at the deadline.
  std::function<Result<std::string>(std::stop_token)> run;
};

struct CheckResult {
  bool healthy = false;
  bool essential = false;
  std::chrono::nanoseconds duration{};
  std::string message;  ///< may be empty
  std::string error;    ///< empty if healthy
};

/// The guides' PerformanceMetrics.
struct PerformanceNumbers {
  int database_connections = 0;                                           ///< open
  int active_tasks = 0;                                                   ///< "active_goroutines"
  std::uint64_t resident_bytes = 0, peak_bytes = 0, available_bytes = 0;  ///< "memory_usage"
  std::map<std::string, std::uint64_t> queue_depth;                       ///< by queue
};

struct HealthStatus {
  WallTime timestamp{};
  std::string version;
  std::map<std::string, CheckResult> checks;
  PerformanceNumbers numbers;

  /// Every check is healthy; else the status is "degraded".
  bool healthy() const;
  /// Everything essential is healthy: /ready answers 200.
  bool ready() const;
};

/// The guides' JSON: {"status":"healthy"|"degraded","timestamp":RFC 3339,"version":...,
/// "checks":{NAME:{"status":"healthy"|"unhealthy","duration":NANOSECONDS,"message"?,"error"?}},
/// "metrics":{"database_connections":N,"active_goroutines":N,"memory_usage":{"resident_bytes":N,
/// "peak_bytes":N,"available_bytes":N},"queue_depth":{QUEUE:N}}}; without a line end.
std::string to_json(const HealthStatus& status);
/// 0 healthy, 1 degraded, 2 something essential is down: what `m8 health` exits with.
int exit_code(const HealthStatus& status);

/// Runs checks again and again: for a service; a command makes one and asks it once. Thread-safe.
class HealthChecker {
 public:
  /// \p numbers is asked for each report; may be empty. \p clock is borrowed.
  HealthChecker(std::vector<Check> checks, std::function<PerformanceNumbers()> numbers,
                Clock& clock);
  /// Waits for checks that are still running after their stop.
  ~HealthChecker();
  HealthChecker(const HealthChecker&) = delete;
  HealthChecker& operator=(const HealthChecker&) = delete;

  /// All checks, or those named in \p only, at the same time. One that does not end by \p deadline
  /// is unhealthy ("no answer within ..."); while it goes on it is not started again, and is
  /// unhealthy ("still waiting ..."). Takes no longer than \p deadline and sets the gauges
  /// m8_health_check.
  HealthStatus check(std::chrono::milliseconds deadline, const std::vector<std::string>& only = {});
  /// A check goes on although its deadline is over: the destructor would wait for it.
  bool busy() const;

 private:
  struct Running;
  void start(const Check& check, Running& running);
  CheckResult await(const Check& check, Running& running, SteadyTime began,
                    std::chrono::milliseconds deadline);

  const std::vector<Check> checks_;
  const std::function<PerformanceNumbers()> numbers_;
  Clock& clock_;
  std::mutex turn_;                                ///< one report at a time
  std::vector<std::unique_ptr<Running>> running_;  ///< in the order of checks_
};

}  // namespace m8::metrics
