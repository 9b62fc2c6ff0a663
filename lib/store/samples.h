/// Samples: what processes exported at moments of their runs, and what alerts were on.
///
/// Part of a Store (Store::samples()), lives as long as that; the same threads and errors.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace m8::store {

/// The metrics of one process at one moment, as text (metrics::kpi_lines()).
struct MetricSample {
  std::string process;  ///< "num8 scan", host and process id: whose
  WallTime at{};
  std::string body;
};

/// What is remembered of an alert between two checks; levels as numbers, 0 is fine.
struct AlertMemory {
  int level = 0;
  WallTime since{};
  int told = 0;
};

class Samples {
 public:
  /// How long a sample is kept.
  static constexpr std::chrono::hours kKept{24};

  virtual ~Samples() = default;
  /// Adds \p sample and removes those that are older than kKept.
  virtual Status add_sample(const MetricSample& sample) = 0;
  /// Those at or after \p since, by process, then the oldest first.
  virtual Status for_each_sample(WallTime since,
                                 const std::function<Status(const MetricSample&)>& each) = 0;
  virtual Result<std::map<std::string, AlertMemory>> alerts() = 0;
  /// Replaces all that is remembered.
  virtual Status set_alerts(const std::map<std::string, AlertMemory>& alerts) = 0;
};

}  // namespace m8::store
