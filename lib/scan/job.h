/// Jobs: one target's way through a scan, and what it came to.
///
/// A scan has as many workers as targets may be open at once: not threads, but places that targets
/// take in turn, each with its own state; the loops serve them all.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace m8::scan {

/// A finished target.
struct JobResult {
  std::uint64_t id = 0;  ///< 1, 2, ... in the order of the input
  std::string endpoint;  ///< URL; the input if no scheme was found
  std::uint64_t findings = 0;
  int executions = 0;       ///< templates that were started
  std::size_t skipped = 0;  ///< templates that were not
  std::string error;        ///< why it was skipped or cut short; empty when done
  std::chrono::microseconds duration{};
  int worker = -1;  ///< the place it had, 0 and up; -1: it got no further than the probe
  WallTime ended{};
};

std::size_t bytes_of(const JobResult& job);

/// One JSON line: job, endpoint, output {findings, executions, skipped}, error, duration_ms,
/// worker, timestamp.
std::string job_line(const JobResult& job);

/// Told of each finished target, by one thread at a time.
class JobSink {
 public:
  virtual ~JobSink() = default;
  virtual Status job(const JobResult& job) = 0;
};

/// The numbers from 0 up that nobody has taken; the lowest first. One thread at a time.
class Places {
 public:
  int take();
  void give_back(int place);

 private:
  std::vector<bool> taken_;
};

}  // namespace m8::scan
