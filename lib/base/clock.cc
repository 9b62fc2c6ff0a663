#include "base/clock.h"

#include <condition_variable>
#include <ctime>

#include <fmt/format.h>

namespace m8 {

SteadyTime SystemClock::now() { return std::chrono::steady_clock::now(); }
WallTime SystemClock::wall() { return std::chrono::system_clock::now(); }

bool SystemClock::sleep_until(SteadyTime deadline, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, stop, deadline, [] { return false; });
  return !stop.stop_requested();
}

SystemClock& SystemClock::instance() {
  static SystemClock clock;
  return clock;
}

SteadyTime FakeClock::now() {
  std::lock_guard lock(mutex_);
  return now_;
}

WallTime FakeClock::wall() {
  std::lock_guard lock(mutex_);
  return wall_;
}

bool FakeClock::sleep_until(SteadyTime deadline, std::stop_token stop) {
  if (stop.stop_requested()) return false;
  const SteadyTime before = now();
  if (deadline > before) advance(deadline - before);
  return true;
}

void FakeClock::advance(Duration by) {
  std::lock_guard lock(mutex_);
  now_ += by;
  wall_ += std::chrono::duration_cast<WallTime::duration>(by);
}

std::string rfc3339(WallTime time) {
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::time_t seconds = static_cast<std::time_t>(millis / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     millis % 1000);
}

}  // namespace m8
