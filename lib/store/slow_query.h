/// SlowQuery: a guard that measures a statement, and logs one that took longer than it should.
#pragma once

#include <chrono>
#include <string_view>

#include "base/clock.h"

namespace m8::store {

/// Measures from its making to its end. Logs (level info: shown with -v) the statement's text and
/// its time, never its values. Counts its time in the metrics. Borrows \p sql. \p threshold 0:
/// logs nothing.
class SlowQuery {
 public:
  SlowQuery(std::string_view sql, std::chrono::milliseconds threshold,
            Clock& clock = SystemClock::instance())
      : sql_(sql), threshold_(threshold), clock_(clock), started_(clock.now()) {}
  ~SlowQuery();
  SlowQuery(const SlowQuery&) = delete;
  SlowQuery& operator=(const SlowQuery&) = delete;

 private:
  const std::string_view sql_;
  const std::chrono::milliseconds threshold_;
  Clock& clock_;
  const SteadyTime started_;
};

}  // namespace m8::store
