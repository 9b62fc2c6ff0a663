/// Samples: what the service used over the last hour, for its charts.
///
/// Thread-safe; fixed memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"

namespace m8::api {

/// The service at one moment; rates are over the time since the sample before.
struct Sample {
  WallTime at{};
  double cpu_percent = 0;  ///< of one core
  std::uint64_t resident_bytes = 0;
  int threads = 0, open_files = 0;
  double requests_per_second = 0;
  std::size_t connections = 0, streams = 0;
  int db_open = 0, db_in_use = 0;
  std::size_t scans_queued = 0, scans_running = 0;
};

class Samples {
 public:
  /// Fills in all but the process's own numbers; requests_per_second holds the total so far.
  using Source = std::function<void(Sample&)>;

  Samples(Clock& clock, std::size_t kept = 720) : clock_(clock), kept_(kept) {}

  /// Takes one: every few seconds, from one thread.
  void take(const Source& source);
  /// {"items":[...]} of those after \p since, the oldest first.
  std::string json(WallTime since) const;

 private:
  Clock& clock_;
  const std::size_t kept_;
  Guarded<std::deque<Sample>> samples_;
  SteadyTime before_{};
  std::chrono::microseconds cpu_before_{};
  double requests_before_ = 0;
};

}  // namespace m8::api
