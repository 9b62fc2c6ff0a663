/// Thresholds: which KPI is too high, for how long, and whether somebody was told.
///
/// Plain values and functions; what is remembered between two checks is the caller's to keep.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "metrics/kpi.h"

namespace m8::metrics {

enum class Level { kFine, kWarning, kCritical };
/// "fine", "warning", "critical"
const char* to_string(Level level);

/// Bounds of one KPI; the guides' are in thresholds().
struct Threshold {
  std::string kpi;   ///< Kpi::name
  std::string name;  ///< of the alert: "db_pool", "error_rate"
  Level level = Level::kWarning;
  double limit = 0;  ///< in the KPI's unit; above it the alert is on
};

/// The guides' ten: critical if more than 90 % of the pool are in use, http p99 is over 5 s, memory
/// over 80 % of what is available, the error rate of any component over 5 %, a queue deeper than
/// 1000; warning at 70 %, p95 2 s, 60 %, 1 %, 500.
std::vector<Threshold> guide_thresholds();

/// What is remembered of an alert. Its key is "NAME" or "NAME/COMPONENT".
struct AlertState {
  Level level = Level::kFine;
  WallTime since{};           ///< since when it has been at least that bad
  Level told = Level::kFine;  ///< what somebody was told last
};

/// An alert after a check.
struct Alert {
  std::string key;
  Level level = Level::kFine;  ///< once it held long enough
  bool pending = false;        ///< too high, but not for long enough yet
  double value = 0, limit = 0;
  std::string unit;
  WallTime since{};
  bool news = false;  ///< somebody has to be told: it began, got worse or better, or ended
};

/// Compares \p measured with \p thresholds, a level only after it held for \p hold, and brings
/// \p states up to date; those that are fine and told so are dropped. Ordered by key.
std::vector<Alert> check_thresholds(const std::vector<Kpi>& measured,
                                    const std::vector<Threshold>& thresholds,
                                    std::chrono::milliseconds hold, WallTime now,
                                    std::map<std::string, AlertState>& states);

/// One line: "critical: db_pool 0.95 ratio, limit 0.9, since ...".
std::string alert_line(const Alert& alert);

}  // namespace m8::metrics
