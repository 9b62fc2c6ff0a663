#include "metrics/thresholds.h"

#include <algorithm>

#include <fmt/format.h>

namespace m8::metrics {
namespace {

std::string key_of(const Threshold& threshold, const Kpi& kpi) {
  return kpi.of.empty() ? threshold.name : threshold.name + "/" + kpi.of;
}

/// The worst that is true now, by key; of equal ones the first.
std::map<std::string, Alert> exceeded(const std::vector<Kpi>& measured,
                                      const std::vector<Threshold>& thresholds) {
  std::map<std::string, Alert> worst;
  for (const Kpi& kpi : measured) {
    for (const Threshold& threshold : thresholds) {
      if (threshold.kpi != kpi.name || !kpi.value || *kpi.value <= threshold.limit) continue;
      const std::string key = key_of(threshold, kpi);
      Alert& alert = worst[key];
      if (alert.level >= threshold.level) continue;
      alert = {key, threshold.level, false, *kpi.value, threshold.limit, kpi.unit, {}, false};
    }
  }
  return worst;
}

/// The state after it was seen at \p level.
void advance(AlertState& state, Level level, WallTime now) {
  if (level == state.level) return;
  // A level that falls is true since long; one that rises begins to hold now.
  if (level > state.level || level == Level::kFine) state.since = now;
  state.level = level;
}

}  // namespace

const char* to_string(Level level) {
  switch (level) {
    case Level::kFine:
      return "fine";
    case Level::kWarning:
      return "warning";
    case Level::kCritical:
      return "critical";
  }
  return "";
}

std::vector<Threshold> guide_thresholds() {
  return {
      {"db_pool", "db_pool", Level::kCritical, 0.9},
      {"http_p99", "http_p99", Level::kCritical, 5},
      {"memory_share", "memory", Level::kCritical, 0.8},
      {"error_rate", "error_rate", Level::kCritical, 0.05},
      {"queue_depth", "queue_depth", Level::kCritical, 1000},
      {"db_pool", "db_pool", Level::kWarning, 0.7},
      {"http_p95", "http_p95", Level::kWarning, 2},
      {"memory_share", "memory", Level::kWarning, 0.6},
      {"error_rate", "error_rate", Level::kWarning, 0.01},
      {"queue_depth", "queue_depth", Level::kWarning, 500},
  };
}

std::vector<Alert> check_thresholds(const std::vector<Kpi>& measured,
                                    const std::vector<Threshold>& thresholds,
                                    std::chrono::milliseconds hold, WallTime now,
                                    std::map<std::string, AlertState>& states) {
  std::map<std::string, Alert> worst = exceeded(measured, thresholds);
  for (const auto& [key, state] : states) worst.try_emplace(key, Alert{.key = key});
  std::vector<Alert> out;
  for (auto& [key, alert] : worst) {
    AlertState& state = states[key];
    state.since = std::min(state.since, now);  // a clock that was set back: it holds from now on
    advance(state, alert.level, now);
    alert.since = state.since;
    const bool holds = now - state.since >= hold;
    alert.pending = alert.level != Level::kFine && !holds;
    // What was told stays true until the new level has held as long.
    if (!holds) alert.level = std::min(alert.level, state.told);
    alert.news = alert.level != state.told && (holds || alert.level == Level::kFine);
    if (alert.news) state.told = alert.level;
    if (state.level == Level::kFine && state.told == Level::kFine) states.erase(key);
    out.push_back(std::move(alert));
  }
  return out;
}

std::string alert_line(const Alert& alert) {
  if (alert.level == Level::kFine && !alert.pending) return "fine again: " + alert.key;
  return fmt::format("{}: {} {:.4g} {}, limit {:.4g}, since {}",
                     alert.pending ? "pending" : to_string(alert.level), alert.key, alert.value,
                     alert.unit, alert.limit, rfc3339(alert.since));
}

}  // namespace m8::metrics
