#include "net/circuit_breaker.h"

#include <thread>

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::net;
using namespace std::chrono_literals;

namespace {

using State = CircuitBreaker::State;

CircuitBreaker::Options three_failures() {
  CircuitBreaker::Options options;
  options.max_failures = 3;
  options.reset_timeout = 10s;
  return options;
}

void fail_times(CircuitBreaker& breaker, int times) {
  for (int i = 0; i < times; ++i) {
    REQUIRE(breaker.enter("a").ok());
    breaker.failed("a");
  }
}

}  // namespace

TEST_CASE("net/circuit_breaker: opens after so many failures in a row, for that host only") {
  FakeClock clock;
  CircuitBreaker breaker(three_failures(), clock);
  fail_times(breaker, 2);
  REQUIRE(breaker.enter("a").ok());
  breaker.succeeded("a");
  fail_times(breaker, 2);
  CHECK(breaker.state("a") == State::kClosed);
  fail_times(breaker, 1);
  CHECK(breaker.state("a") == State::kOpen);
  CHECK(breaker.opened() == 1);
  clock.advance(1500ms);
  const Status status = breaker.enter("a");
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::kNetwork);
  CHECK(status.error().message == "circuit breaker is open: a, retry in 9 s");
  CHECK(breaker.rejected() == 1);
  CHECK(breaker.enter("b").ok());
}

TEST_CASE("net/circuit_breaker: half-open lets one trial pass, and its result decides") {
  FakeClock clock;
  CircuitBreaker breaker(three_failures(), clock);
  fail_times(breaker, 3);
  clock.advance(10s);
  CHECK(breaker.enter("a").ok());
  CHECK(breaker.state("a") == State::kHalfOpen);
  CHECK_FALSE(breaker.enter("a").ok());
  breaker.failed("a");
  CHECK(breaker.state("a") == State::kOpen);
  CHECK(breaker.opened() == 2);
  clock.advance(9s);
  CHECK_FALSE(breaker.enter("a").ok());
  clock.advance(1s);
  CHECK(breaker.enter("a").ok());
  breaker.succeeded("a");
  CHECK(breaker.state("a") == State::kClosed);
  fail_times(breaker, 2);
  CHECK(breaker.state("a") == State::kClosed);
}

TEST_CASE("net/circuit_breaker: a trial that was abandoned makes room for another") {
  FakeClock clock;
  CircuitBreaker breaker(three_failures(), clock);
  fail_times(breaker, 3);
  clock.advance(10s);
  REQUIRE(breaker.enter("a").ok());
  breaker.abandoned("a");
  CHECK(breaker.enter("a").ok());
}

TEST_CASE("net/circuit_breaker: what passed before it opened does not put off the trial") {
  FakeClock clock;
  CircuitBreaker breaker(three_failures(), clock);
  for (int i = 0; i < 4; ++i) REQUIRE(breaker.enter("a").ok());
  for (int i = 0; i < 3; ++i) breaker.failed("a");
  clock.advance(9s);
  breaker.failed("a");
  clock.advance(1s);
  CHECK(breaker.enter("a").ok());
}

TEST_CASE("net/circuit_breaker: says which hosts it watches") {
  FakeClock clock;
  CircuitBreaker breaker(three_failures(), clock);
  fail_times(breaker, 3);
  clock.advance(4s);
  const auto hosts = breaker.hosts();
  REQUIRE(hosts.size() == 1);
  CHECK(hosts[0].host == "a");
  CHECK(std::string(to_string(hosts[0].state)) == "open");
  CHECK(hosts[0].failures == 3);
  CHECK(hosts[0].retry_in == 6s);
}

TEST_CASE("net/circuit_breaker: remembers no more hosts than its bound, and 0 never opens") {
  FakeClock clock;
  CircuitBreaker::Options options = three_failures();
  options.max_hosts = 10;
  CircuitBreaker breaker(options, clock);
  for (int i = 0; i < 100; ++i) {
    clock.advance(1s);
    breaker.failed(std::to_string(i));
  }
  CHECK(breaker.hosts().size() == 10);
  options.max_failures = 0;
  CircuitBreaker off(options, clock);
  fail_times(off, 100);
  CHECK(off.state("a") == State::kClosed);
}

TEST_CASE("net/circuit_breaker: one trial also when many threads ask at once") {
  FakeClock clock;
  CircuitBreaker breaker(three_failures(), clock);
  fail_times(breaker, 3);
  clock.advance(10s);
  std::atomic<int> passed{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { passed += breaker.enter("a").ok(); });
  }
  CHECK(passed == 1);
}
