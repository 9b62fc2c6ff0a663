/// Autoscale: as many worker processes on this machine as there is work for.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/flag.h"

namespace m8::fleet {

/// How many workers there may be.
struct ScaleBounds {
  int least = 0, most = 1;
  /// "2..8". kInvalidArgument.
  static Result<ScaleBounds> parse(std::string_view text);
};

/// Decides how many workers there should be, from what waits and how that changes. Grows at once,
/// shrinks one at a time after a while without need. One thread; no clock of its own.
class Scale {
 public:
  /// \p slots: jobs that one worker does at once.
  Scale(ScaleBounds bounds, int slots) : bounds_(bounds), slots_(slots < 1 ? 1 : slots) {}
  /// \p waiting: jobs in the queue; \p busy: jobs under way; \p now: rising seconds.
  int wanted(std::uint64_t waiting, std::uint64_t busy, double now);
  int current() const { return current_; }

 private:
  const ScaleBounds bounds_;
  const int slots_;
  int current_ = 0;
  double last_time_ = -1, trend_ = 0;  ///< jobs a second, smoothed
  std::uint64_t last_waiting_ = 0;
  double idle_since_ = -1;
};

/// "page.prom" of the Nth worker: "page-N.prom"; empty of an empty path. What several processes
/// wrote to one file would be the last one's alone.
std::string path_of_worker(const std::string& path, int number);

/// `m8 worker --autoscale`: runs this program's own worker as children until stop is requested,
/// then lets them end. Returns the exit code. \p say gets what a person should know; \p begun is
/// called when the queues are there and their metrics tell of them, and its error ends it.
Result<int> autoscale(const cli::Context& context,
                      const std::function<void(const std::string&)>& say,
                      const std::function<Status()>& begun, std::stop_token stop);

}  // namespace m8::fleet
