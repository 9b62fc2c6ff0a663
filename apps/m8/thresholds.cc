#include "thresholds.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include <fmt/format.h>

namespace m8::app {
namespace {

std::string flag_name(const metrics::Threshold& threshold) {
  std::string name = fmt::format("alerts-{}-{}", to_string(threshold.level), threshold.kpi);
  if (threshold.kpi == "memory_share")
    name = fmt::format("alerts-{}-memory", to_string(threshold.level));
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

/// Shares are given in per cent.
double unit_of(const metrics::Threshold& threshold) {
  const bool share =
      threshold.kpi == "db_pool" || threshold.name == "memory" || threshold.kpi == "error_rate";
  return share ? 0.01 : 1;
}

}  // namespace

/// Numbers may have a fraction, which ValueType has no kind for.
Result<std::vector<metrics::Threshold>> thresholds_of(const cli::Values& flags) {
  auto all = metrics::guide_thresholds();
  for (metrics::Threshold& threshold : all) {
    const std::string name = flag_name(threshold), text = flags.text(name);
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !(value >= 0))
      return Error{ErrorCode::kInvalidArgument, fmt::format("--{}: not a number: {}", name, text)};
    threshold.limit = value * unit_of(threshold);
  }
  return all;
}

std::vector<cli::Flag> threshold_flags() {
  std::vector<cli::Flag> flags;
  for (const metrics::Threshold& threshold : metrics::guide_thresholds()) {
    std::string key = fmt::format("alerts.{}.{}", to_string(threshold.level),
                                  threshold.name == "memory" ? "memory" : threshold.kpi);
    const bool share = unit_of(threshold) != 1;
    const char* unit = share ? "PERCENT" : threshold.kpi == "queue_depth" ? "N" : "SECONDS";
    flags.push_back(cli::setting(std::move(key), unit, {},
                                 fmt::format("{:g}", threshold.limit / unit_of(threshold)),
                                 fmt::format("{} above this", to_string(threshold.level))));
  }
  flags.push_back(
      cli::setting("alerts.hold", "TIME",
                   cli::ValueType::duration(std::chrono::milliseconds(0), std::chrono::hours(24)),
                   "0", "only what has been too high for so long"));
  return flags;
}

}  // namespace m8::app
