#include "queue/desired.h"

#include <algorithm>
#include <cmath>

namespace m8::queue {
namespace {

constexpr double kAhead = 60;  // seconds

}  // namespace

int desired_workers(const Demand& demand) {
  const double expected =
      static_cast<double>(demand.waiting) + std::max(0.0, demand.growth) * kAhead;
  double wanted = std::ceil(expected / std::max(demand.concurrency, 1));
  const bool draining = demand.growth < 0 && demand.waiting == 0;
  if (expected > 0 || draining) wanted = std::max(wanted, static_cast<double>(demand.workers));
  return static_cast<int>(std::clamp(wanted, static_cast<double>(demand.least),
                                     static_cast<double>(std::max(demand.least, demand.most))));
}

}  // namespace m8::queue
