/// Allowance: how much each caller may ask, and when to come again.
///
/// Thread-safe. Bounded: callers that have all of their allowance again are forgotten.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/hash.h"

namespace m8::api {

class Allowance {
 public:
  /// \p per_second requests of each caller, \p burst at once; 0 per second: any number.
  Allowance(double per_second, double burst, Clock& clock)
      : per_second_(per_second), burst_(burst), clock_(clock) {}

  /// Takes one request of \p caller: 0 if it may go on, else how long it has to wait, and nothing
  /// is taken.
  std::chrono::milliseconds take(std::string_view caller);
  /// The same without taking one.
  std::chrono::milliseconds wait(std::string_view caller);

 private:
  struct Bucket {
    double left = 0;
    SteadyTime at{};
  };
  std::chrono::milliseconds ask(std::string_view caller, double cost);

  const double per_second_, burst_;
  Clock& clock_;
  Guarded<std::unordered_map<std::string, Bucket, SeededHash, std::equal_to<>>> buckets_;
};

}  // namespace m8::api
