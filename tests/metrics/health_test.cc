#include "metrics/health.h"

#include <condition_variable>
#include <latch>
#include <mutex>

#include <doctest/doctest.h>

#include "base/json.h"
#include "metrics/metrics.h"

using namespace m8;
using namespace m8::metrics;
using std::chrono::milliseconds;

namespace {

Check good(std::string name, bool essential = false) {
  return {std::move(name), essential, [](auto) { return Result<std::string>("fine"); }};
}

Check bad(std::string name, bool essential = false) {
  return {std::move(name), essential, [](auto) {
            return Result<std::string>(Error{ErrorCode::kRefused, "nobody listens"});
          }};
}

/// Ends when it is told to stop, and then says that it is fine.
Check stuck(std::string name) {
  return {std::move(name), true, [](const std::stop_token& stop) -> Result<std::string> {
            std::mutex mutex;
            std::condition_variable_any never;
            std::unique_lock lock(mutex);
            never.wait(lock, stop, [] { return false; });
            return std::string("at last");
          }};
}

}  // namespace

TEST_CASE("health: JSON as the guides have it") {
  FakeClock clock;
  HealthChecker checker(
      {good("database", true), bad("burpsuite")},
      [] {
        PerformanceNumbers numbers{3, 12, 100, 200, 1000, {}};
        numbers.queue_depth["scan"] = 7;
        return numbers;
      },
      clock);
  const HealthStatus status = checker.check(milliseconds(5'000));
  CHECK(
      to_json(status) ==
      std::string(R"({"status":"degraded","timestamp":"2023-11-14T22:13:20.000Z","version":")") +
          status.version +
          R"(","checks":{"burpsuite":{"status":"unhealthy","duration":0,"error":"nobody listens"},)"
          R"("database":{"status":"healthy","duration":0,"message":"fine"}},"metrics":{)"
          R"("database_connections":3,"active_goroutines":12,"memory_usage":{"resident_bytes":100,)"
          R"("peak_bytes":200,"available_bytes":1000},"queue_depth":{"scan":7}}})");
  CHECK(json::parse(to_json(status)).ok());
}

TEST_CASE("health: degraded, or down if what is essential is down") {
  auto& clock = SystemClock::instance();
  struct Case {
    std::vector<Check> checks;
    int code;
    bool ready;
  };
  const Case cases[] = {{{good("a", true), good("b")}, 0, true},
                        {{good("a", true), bad("b")}, 1, true},
                        {{bad("a", true), good("b")}, 2, false},
                        {{}, 0, true}};
  for (const Case& one : cases) {
    HealthChecker checker(one.checks, {}, clock);
    const HealthStatus status = checker.check(milliseconds(10'000));
    CHECK(exit_code(status) == one.code);
    CHECK(status.ready() == one.ready);
    CHECK(status.healthy() == (one.code == 0));
  }
}

TEST_CASE("health: a check without an answer holds up nobody") {
  HealthChecker checker({stuck("database"), good("disk")}, {}, SystemClock::instance());
  HealthStatus status = checker.check(milliseconds(30));
  CHECK(status.checks.at("database").error == "no answer within 0.03 s");
  CHECK_FALSE(status.ready());
  // On a busy machine the other one, too, may take its time.
  while (!status.checks.at("disk").healthy) status = checker.check(milliseconds(30));
  CHECK_FALSE(status.checks.at("database").healthy);
  CHECK_FALSE(status.ready());
  CHECK(Registry::process().gauge(kHealthy, {"database"}).value() == 0);
  CHECK(Registry::process().gauge(kHealthy, {"disk"}).value() == 1);
}

TEST_CASE("health: says whether a check hangs although it was told to stop") {
  std::latch go(1);
  const Check deaf{"database", true, [&go](auto) -> Result<std::string> {
                     go.wait();
                     return std::string("at last");
                   }};
  HealthChecker checker({deaf}, {}, SystemClock::instance());
  CHECK_FALSE(checker.busy());
  CHECK_FALSE(checker.check(milliseconds(1)).ready());
  CHECK(checker.busy());
  CHECK(checker.check(milliseconds(1)).checks.at("database").error ==
        "still waiting after 0.001 s");
  go.count_down();
  while (!checker.check(milliseconds(10'000)).ready()) continue;
  CHECK_FALSE(checker.busy());
}

TEST_CASE("health: checks by name") {
  HealthChecker checker({good("a"), bad("b")}, {}, SystemClock::instance());
  const HealthStatus status = checker.check(milliseconds(10'000), {"a"});
  CHECK(status.checks.size() == 1);
  CHECK(status.healthy());
}
