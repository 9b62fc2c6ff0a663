/// AlertWatch: the thresholds of the alerts against what this process exports, looked at anew every
/// few seconds, so that they are known while nobody runs `m8 alerts check`.
///
/// look() from one thread; alerts() from any.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "metrics/snapshot.h"
#include "metrics/thresholds.h"

namespace m8::api {

struct AlertOptions {
  std::vector<metrics::Threshold> thresholds = metrics::guide_thresholds();
  std::chrono::milliseconds hold{0};  ///< only what has been too high for so long
  /// What rates and quantiles are taken over.
  std::chrono::milliseconds window{std::chrono::minutes(5)};
};

class AlertWatch {
 public:
  explicit AlertWatch(AlertOptions options) : options_(std::move(options)) {}

  /// Compares \p exposition, as it is at \p now, with the moment a window ago (or the oldest
  /// since).
  void look(std::string_view exposition, WallTime now);
  /// What is too high, ordered by key; not what is pending.
  std::vector<metrics::Alert> alerts() const;

 private:
  const AlertOptions options_;
  std::deque<metrics::Snapshot> moments_;  ///< the oldest first, a window of them
  std::map<std::string, metrics::AlertState> states_;
  mutable Guarded<std::vector<metrics::Alert>> alerts_;
};

}  // namespace m8::api
