#include "net/rate_limiter.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::net;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

RateLimiter::Options options(double global, double per_key, double burst_seconds = 0.1) {
  return {Rate{global}, Rate{per_key}, burst_seconds};
}

/// Milliseconds from now until the reservation.
long wait_of(RateLimiter& limiter, Clock& clock, std::string_view key) {
  return static_cast<long>(
      std::chrono::round<milliseconds>(limiter.reserve(key) - clock.now()).count());
}

}  // namespace

TEST_CASE("net/rate_limiter: reads rates") {
  struct Row {
    const char* text;
    double per_second;  ///< negative: refused
  };
  const Row rows[] = {
      {"150", 150},   {"150/s", 150}, {"3/m", 0.05}, {"3600/h", 1}, {"0", 0},
      {"0.5/s", 0.5}, {"0/m", 0},     {"", -1},      {"-1", -1},    {"x", -1},
      {"5/d", -1},    {"5/", -1},     {"/s", -1},    {"5 /s", -1},  {"1e3", -1},
      {"inf", -1},    {"nan", -1},    {"5/s/s", -1}, {"1e999", -1}, {"+5", -1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto rate = Rate::parse(row.text);
    REQUIRE(rate.ok() == (row.per_second >= 0));
    if (rate.ok()) CHECK(rate->per_second == doctest::Approx(row.per_second));
  }
  CHECK(Rate::parse("0")->unlimited());
}

TEST_CASE("net/rate_limiter: without rates everything goes at once") {
  FakeClock clock;
  RateLimiter limiter(options(0, 0), clock);
  for (int i = 0; i < 1000; ++i) REQUIRE(wait_of(limiter, clock, "a") == 0);
}

TEST_CASE("net/rate_limiter: spaces events by the global rate, with its burst") {
  FakeClock clock;
  RateLimiter limiter(options(10, 0, 0.3), clock);
  // 0.3 s of a rate of 10/s: three events at once, then one each 100 ms.
  for (const long expected : {0, 0, 0, 100, 200, 300}) {
    CHECK(wait_of(limiter, clock, "any") == expected);
  }
  clock.advance(seconds(100));  // what is saved up stays bounded
  for (const long expected : {0, 0, 0, 100}) CHECK(wait_of(limiter, clock, "any") == expected);
}

TEST_CASE("net/rate_limiter: a slow rate lets one event through and no more") {
  FakeClock clock;
  RateLimiter limiter(options(0.05, 0), clock);
  CHECK(wait_of(limiter, clock, "a") == 0);
  CHECK(wait_of(limiter, clock, "a") == 20'000);
}

TEST_CASE("net/rate_limiter: keys have their own buckets under the global one") {
  FakeClock clock;
  RateLimiter limiter(options(0, 2), clock);
  CHECK(wait_of(limiter, clock, "a") == 0);
  CHECK(wait_of(limiter, clock, "b") == 0);
  CHECK(wait_of(limiter, clock, "a") == 500);
  CHECK(wait_of(limiter, clock, "b") == 500);

  RateLimiter both(options(4, 2), clock);
  CHECK(wait_of(both, clock, "a") == 0);
  CHECK(wait_of(both, clock, "b") == 250);  // the global rate
  CHECK(wait_of(both, clock, "a") == 500);  // both
}

TEST_CASE("net/rate_limiter: over a second the rate is exact") {
  FakeClock clock;
  RateLimiter limiter(options(150, 0), clock);
  int within = 0;
  while (wait_of(limiter, clock, "a") < 1000) ++within;
  CHECK(within >= 150);
  CHECK(within <= 150 + 16);
}

TEST_CASE("net/rate_limiter: a slowed key recovers by ten percent a second") {
  FakeClock clock;
  RateLimiter limiter(options(0, 10, 0), clock);
  limiter.slow_down("a", 0.5);
  CHECK(wait_of(limiter, clock, "a") == 0);
  CHECK(wait_of(limiter, clock, "a") == 200);
  CHECK(wait_of(limiter, clock, "b") == 0);
  CHECK(wait_of(limiter, clock, "b") == 100);
  clock.advance(seconds(3));
  CHECK(wait_of(limiter, clock, "a") == 0);
  CHECK(wait_of(limiter, clock, "a") == 125);
  clock.advance(seconds(10));
  CHECK(wait_of(limiter, clock, "a") == 0);
  CHECK(wait_of(limiter, clock, "a") == 100);
}

TEST_CASE("net/rate_limiter: a key without a rate of its own is slowed below the global one") {
  FakeClock clock;
  RateLimiter limiter(options(10, 0, 0), clock);
  limiter.slow_down("a", 0.0);
  CHECK(wait_of(limiter, clock, "a") == 0);
  CHECK(wait_of(limiter, clock, "a") >= 9'000);
  CHECK(wait_of(limiter, clock, "b") <= 300);
}

TEST_CASE("net/rate_limiter: without any rate a key is slowed from what unlimited means") {
  FakeClock clock;
  RateLimiter limiter({Rate{}, Rate{}, 0, 100}, clock);
  for (int i = 0; i < 100; ++i) CHECK(wait_of(limiter, clock, "a") == 0);
  limiter.overran("a");
  CHECK(limiter.slowdowns() == 1);
  CHECK(wait_of(limiter, clock, "a") == 0);
  CHECK(wait_of(limiter, clock, "a") == 20);
  CHECK(wait_of(limiter, clock, "b") == 0);
  CHECK(wait_of(limiter, clock, "b") == 0);
  clock.advance(seconds(6));
  for (int i = 0; i < 100; ++i) CHECK(wait_of(limiter, clock, "a") == 0);
}

TEST_CASE(
    "net/rate_limiter: trouble in a row halves a rate, once a second; an answer ends the row") {
  FakeClock clock;
  RateLimiter limiter(options(0, 10, 0), clock);
  limiter.struggled("a");
  limiter.answered("a");
  limiter.struggled("a");
  CHECK(limiter.slowdowns() == 0);
  for (int i = 0; i < 20; ++i) limiter.struggled("a");
  CHECK(limiter.slowdowns() == 1);
  CHECK(wait_of(limiter, clock, "a") == 0);
  CHECK(wait_of(limiter, clock, "a") == 200);
  clock.advance(seconds(1));
  limiter.struggled("a");
  CHECK(limiter.slowdowns() == 2);
  for (int i = 0; i < 20; ++i) limiter.overran("b");
  CHECK(limiter.slowdowns() == 3);
}

TEST_CASE("net/rate_limiter: a hold puts off one key until its time, with and without a rate") {
  FakeClock clock;
  for (const double rate : {0.0, 10.0}) {
    RateLimiter limiter(options(0, rate, 0), clock);
    limiter.hold("a", clock.now() + seconds(5));
    CHECK(wait_of(limiter, clock, "a") == 5000);
    CHECK(wait_of(limiter, clock, "b") == 0);
    limiter.hold("a", clock.now() + seconds(1));
    CHECK(wait_of(limiter, clock, "a") >= 5000);
  }
}

TEST_CASE("net/rate_limiter: trouble is forgotten after a while") {
  FakeClock clock;
  RateLimiter limiter(options(0, 0), clock);
  limiter.struggled("a");
  limiter.overran("a");
  clock.advance(seconds(130));
  CHECK(wait_of(limiter, clock, "a") == 0);
  limiter.struggled("a");
  CHECK(limiter.slowdowns() == 1);
}
