#include "queue/desired.h"

#include <doctest/doctest.h>

using namespace m8::queue;

TEST_CASE("queue/desired: by what waits, how it grows, and who is there") {
  const struct {
    Demand demand;
    int wanted;
  } cases[] = {
      {{.waiting = 0, .growth = 0, .workers = 0, .concurrency = 2, .least = 0, .most = 10}, 0},
      {{.waiting = 0, .growth = 0, .workers = 4, .concurrency = 2, .least = 1, .most = 10}, 1},
      {{.waiting = 1, .growth = 0, .workers = 0, .concurrency = 2, .least = 0, .most = 10}, 1},
      {{.waiting = 7, .growth = 0, .workers = 0, .concurrency = 2, .least = 0, .most = 10}, 4},
      {{.waiting = 7'000, .growth = 0, .workers = 0, .concurrency = 2, .least = 0, .most = 10}, 10},
      {{.waiting = 0, .growth = 0.1, .workers = 0, .concurrency = 2, .least = 0, .most = 10}, 3},
      {{.waiting = 2, .growth = -5, .workers = 6, .concurrency = 2, .least = 0, .most = 10}, 6},
      {{.waiting = 0, .growth = -5, .workers = 6, .concurrency = 2, .least = 0, .most = 10}, 6},
      {{.waiting = 5, .growth = 0, .workers = 0, .concurrency = 0, .least = 8, .most = 3}, 8},
  };
  for (const auto& row : cases) {
    CAPTURE(row.demand.waiting);
    CAPTURE(row.demand.growth);
    CHECK(desired_workers(row.demand) == row.wanted);
  }
}
