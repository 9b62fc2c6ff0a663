/// Clock: the only way the library learns the time, so that tests can turn it by hand.
#pragma once

#include <chrono>
#include <mutex>
#include <stop_token>
#include <string>

namespace m8 {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

/// Thread-safe. Borrowed by whoever uses it; the program owns one SystemClock.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Monotonic; for measuring and deadlines.
  virtual SteadyTime now() = 0;
  /// Time of day; for records.
  virtual WallTime wall() = 0;
  /// Sleeps until \p deadline or until stop is requested. True if the deadline was reached.
  virtual bool sleep_until(SteadyTime deadline, std::stop_token stop) = 0;
};

/// The real one.
class SystemClock final : public Clock {
 public:
  SteadyTime now() override;
  WallTime wall() override;
  bool sleep_until(SteadyTime deadline, std::stop_token stop) override;
  /// The process-wide instance (stateless).
  static SystemClock& instance();
};

/// Stands still until advance() is called. sleep_until() advances it and returns at once.
class FakeClock final : public Clock {
 public:
  SteadyTime now() override;
  WallTime wall() override;
  bool sleep_until(SteadyTime deadline, std::stop_token stop) override;
  void advance(Duration by);

 private:
  std::mutex mutex_;
  SteadyTime now_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::seconds(1'700'000'000)};
};

/// RFC 3339 in UTC with milliseconds: "2026-11-22T18:25:00.123Z".
std::string rfc3339(WallTime time);
/// RFC 3339 in local time with as many digits of the second as needed, up to nanoseconds (Go's
/// RFC3339Nano): "2026-06-01T12:00:00.123456789+02:00", "...Z" for UTC.
std::string rfc3339_local(WallTime time);

}  // namespace m8
