#include "dns/resolver_pool.h"

#include <doctest/doctest.h>

#include "responder.h"

using namespace m8;
using namespace m8::dns;
using namespace std::chrono_literals;

TEST_CASE("dns/resolver_pool: overdue is later than what answers took") {
  RoundTrip trip;
  CHECK(trip.overdue_after() == 1s);
  for (int i = 0; i < 100; ++i) trip.sample(20ms);
  CHECK(trip.overdue_after() >= 20ms);
  CHECK(trip.overdue_after() < 25ms);
}

TEST_CASE("dns/resolver_pool: who is late gets more time, once for each round trip") {
  RoundTrip trip;
  for (int i = 0; i < 100; ++i) trip.sample(20ms);
  const auto before = trip.overdue_after();
  SteadyTime now{1h};
  trip.late(now);
  const auto after = trip.overdue_after();
  CHECK(after > before);
  for (int i = 0; i < 50; ++i) trip.late(now);
  CHECK(trip.overdue_after() == after);
  for (int i = 0; i < 50; ++i) trip.late(now += 10s);
  CHECK(trip.overdue_after() > 1s);
  CHECK(trip.overdue_after() < 5s);
  for (int i = 0; i < 100; ++i) trip.sample(20ms);
  CHECK(trip.overdue_after() < 25ms);
}

TEST_CASE("dns/resolver_pool: what was lost goes to the one that loses least") {
  const std::vector<Server> servers{test::loopback(1), test::loopback(2), test::loopback(3)};
  auto pool = ResolverPool::open(servers, {}, 100, SteadyTime{}).value();
  pool[0].loss = 0.3;
  pool[1].loss = 0.02;
  pool[2].loss = 0.3;
  for (int i = 0; i < 6; ++i)
    CHECK(pool.next_reliable(2, ResolverPool::For::kAnything, {})->index == 1);
  // Nor is it the one that just lost it, unless there is no other.
  CHECK(pool.next_reliable(1, ResolverPool::For::kAnything, {})->index != 1);
  pool[0].quarantined = pool[2].quarantined = true;
  CHECK(pool.next_reliable(1, ResolverPool::For::kAnything, {})->index == 1);
}

TEST_CASE("dns/resolver_pool: another opinion is worth waiting for, unless nobody lives") {
  using Others = ResolverPool::Others;
  const std::vector<Server> servers{test::loopback(1), test::loopback(2), test::loopback(3)};
  auto pool = ResolverPool::open(servers, {}, 100, SteadyTime{}).value();
  const Spoken both{0, 1};
  CHECK(pool.others(both) == Others::kNow);
  CHECK(pool.next(ResolverPool::kNone, ResolverPool::For::kAnything, both)->index == 2);
  // Who was asked last is asked again rather than those who spoke.
  CHECK(pool.next(2, ResolverPool::For::kAnything, both)->index == 2);
  pool[2].in_flight = 100'000;
  CHECK(pool.others(both) == Others::kLater);
  CHECK(pool.next(ResolverPool::kNone, ResolverPool::For::kAnything, both) == nullptr);
  pool[2].in_flight = 0;
  pool[2].standing = Upstream::Standing::kUnvetted;
  CHECK(pool.others(both) == Others::kLater);
  pool[2].given_up = true;
  CHECK(pool.others(both) == Others::kNone);
  pool[2].standing = Upstream::Standing::kGood;
  pool[2].quarantined = true;
  pool[2].last_quarantine = 1s;
  CHECK(pool.others(both) == Others::kLater);
  pool[2].last_quarantine = 60s;
  CHECK(pool.others(both) == Others::kNone);
  CHECK(pool.others({0}) == Others::kNow);
  pool[2].standing = Upstream::Standing::kLiar;
  CHECK(pool.others(both) == Others::kNone);
}
