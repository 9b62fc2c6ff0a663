#include "base/clock.h"

#include <condition_variable>
#include <ctime>

#include <fmt/format.h>

namespace m8 {
namespace {

/// The last \p count decimal digits of \p number at \p at.
void put_digits(std::string& text, std::size_t at, std::size_t count, long number) {
  while (count-- > 0) {
    text[at + count] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

}  // namespace

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
  const int year = utc.tm_year + 1900;
  const long fraction = millis % 1000;
  if (year < 0 || year > 9999 || fraction < 0) {
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", year, utc.tm_mon + 1,
                       utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, fraction);
  }
  // Listings print two of them a line: a format string would take a fifth of their time.
  std::string text = "0000-00-00T00:00:00.000Z";
  put_digits(text, 0, 4, year);
  put_digits(text, 5, 2, utc.tm_mon + 1);
  put_digits(text, 8, 2, utc.tm_mday);
  put_digits(text, 11, 2, utc.tm_hour);
  put_digits(text, 14, 2, utc.tm_min);
  put_digits(text, 17, 2, utc.tm_sec);
  put_digits(text, 20, 3, fraction);
  return text;
}

std::string rfc3339_local(WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(time - whole).count();
  constexpr std::size_t kLongest = sizeof "2026-11-28T02:00:00.123456789+00:00";
  std::string out;
  out.reserve(kLongest);
  const auto append = std::back_inserter(out);
  fmt::format_to(append, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900,
                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  if (nanos != 0) {
    fmt::format_to(append, ".{:09}", nanos);
    out.erase(out.find_last_not_of('0') + 1);
  }
  const long minutes = parts.tm_gmtoff / 60;
  const long size = minutes < 0 ? -minutes : minutes;
  if (minutes == 0) {
    out += 'Z';
  } else {
    fmt::format_to(append, "{}{:02}:{:02}", minutes < 0 ? '-' : '+', size / 60, size % 60);
  }
  return out;
}

}  // namespace m8
