/// StatsLine: -stats, the reference's line of progress every few seconds (cli-and-output 7).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "base/clock.h"

namespace m8::num8 {

/// Exact: what was asked of the targets read so far; all of them, once the input was read.
struct StatsNumbers {
  std::uint64_t templates = 0, hosts = 0, matched = 0, errors = 0;
  std::uint64_t requests = 0, total = 0;
};

/// "[0:00:05] | Templates: 20 | Hosts: 2 | RPS: 12 | Matched: 1 | Errors: 0 | Requests: 61/120
/// (50%)"
std::string stats_line(const StatsNumbers& numbers, std::chrono::seconds elapsed);
/// The same as one JSON object, all values texts, keys in alphabetical order.
std::string stats_json(const StatsNumbers& numbers, std::chrono::seconds elapsed, WallTime started);

/// Writes to stderr while it lives, and once more at its end.
class StatsLine {
 public:
  enum class Form { kNone, kText, kJson };
  /// \p numbers is called by a thread of its own and must not block; what it refers to and
  /// \p clock must outlive this.
  StatsLine(Form form, std::chrono::seconds interval, std::function<StatsNumbers()> numbers,
            Clock& clock);
  ~StatsLine();

 private:
  void show() const;

  const Form form_;
  const std::function<StatsNumbers()> numbers_;
  Clock& clock_;
  const SteadyTime began_;
  const WallTime started_;
  std::jthread thread_;
};

}  // namespace m8::num8
