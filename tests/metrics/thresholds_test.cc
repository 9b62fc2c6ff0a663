#include "metrics/thresholds.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::metrics;
using std::chrono::milliseconds, std::chrono::minutes;

namespace {

const WallTime kStart{std::chrono::hours(500'000)};

Kpi kpi(std::string name, double value, std::string of = "") {
  return {std::move(name), std::move(of), "x", value};
}

struct Checker {
  std::map<std::string, AlertState> states;
  milliseconds hold{0};

  std::vector<Alert> at(int minute, const std::vector<Kpi>& measured) {
    return check_thresholds(measured, guide_thresholds(), hold, kStart + minutes(minute), states);
  }
};

}  // namespace

TEST_CASE("thresholds: the guides' ten") {
  struct Case {
    Kpi kpi;
    Level level;
    const char* key;
  };
  const Case cases[] = {
      {kpi("db_pool", 0.7), Level::kFine, ""},
      {kpi("db_pool", 0.71), Level::kWarning, "db_pool"},
      {kpi("db_pool", 0.91), Level::kCritical, "db_pool"},
      {kpi("http_p95", 2.1), Level::kWarning, "http_p95"},
      {kpi("http_p99", 4.9), Level::kFine, ""},
      {kpi("http_p99", 5.1), Level::kCritical, "http_p99"},
      {kpi("memory_share", 0.61), Level::kWarning, "memory"},
      {kpi("memory_share", 0.81), Level::kCritical, "memory"},
      {kpi("error_rate", 0.011, "dns"), Level::kWarning, "error_rate/dns"},
      {kpi("error_rate", 0.051, "dns"), Level::kCritical, "error_rate/dns"},
      {kpi("queue_depth", 501, "scan"), Level::kWarning, "queue_depth/scan"},
      {kpi("queue_depth", 1001, "scan"), Level::kCritical, "queue_depth/scan"},
      {{"http_p99", "", "seconds", std::nullopt}, Level::kFine, ""},
  };
  for (const Case& one : cases) {
    CAPTURE(one.kpi.name);
    Checker checker;
    const auto alerts = checker.at(0, {one.kpi});
    REQUIRE(alerts.size() == (one.level == Level::kFine ? 0 : 1));
    if (alerts.empty()) continue;
    CHECK(alerts[0].level == one.level);
    CHECK(alerts[0].key == one.key);
    CHECK(alerts[0].news);
  }
}

TEST_CASE("thresholds: told when it begins, gets worse, and ends; not in between") {
  Checker checker;
  CHECK(checker.at(0, {kpi("db_pool", 0.8)})[0].news);
  CHECK_FALSE(checker.at(1, {kpi("db_pool", 0.85)})[0].news);
  const auto worse = checker.at(2, {kpi("db_pool", 0.95)});
  CHECK(worse[0].news);
  CHECK(worse[0].level == Level::kCritical);
  const auto over = checker.at(3, {kpi("db_pool", 0.1)});
  CHECK(over[0].news);
  CHECK(over[0].level == Level::kFine);
  CHECK(alert_line(over[0]) == "fine again: db_pool");
  CHECK(checker.states.empty());
  CHECK(checker.at(4, {kpi("db_pool", 0.1)}).empty());
}

TEST_CASE("thresholds: only what holds is an alert") {
  Checker checker;
  checker.hold = minutes(5);
  const auto first = checker.at(0, {kpi("db_pool", 0.95)});
  CHECK(first[0].pending);
  CHECK(first[0].level == Level::kFine);
  CHECK_FALSE(first[0].news);
  CHECK(checker.at(4, {kpi("db_pool", 0.95)})[0].pending);
  const auto held = checker.at(5, {kpi("db_pool", 0.95)});
  CHECK(held[0].level == Level::kCritical);
  CHECK(held[0].news);
  CHECK(held[0].since == kStart);
  CHECK(alert_line(held[0]) == "critical: db_pool 0.95 x, limit 0.9, since " + rfc3339(kStart));
}

TEST_CASE("thresholds: a dip begins the hold anew, and nobody hears of it") {
  Checker checker;
  checker.hold = minutes(5);
  checker.at(0, {kpi("db_pool", 0.95)});
  for (const Alert& alert : checker.at(3, {kpi("db_pool", 0.1)})) CHECK_FALSE(alert.news);
  CHECK(checker.states.empty());
  CHECK(checker.at(6, {kpi("db_pool", 0.95)})[0].pending);
}

TEST_CASE("thresholds: a warning that becomes critical stays a warning until that held") {
  Checker checker;
  checker.hold = minutes(5);
  checker.at(0, {kpi("db_pool", 0.8)});
  CHECK(checker.at(5, {kpi("db_pool", 0.8)})[0].level == Level::kWarning);
  const auto rising = checker.at(6, {kpi("db_pool", 0.95)});
  CHECK(rising[0].level == Level::kWarning);
  CHECK(rising[0].pending);
  CHECK(checker.at(11, {kpi("db_pool", 0.95)})[0].level == Level::kCritical);
}

TEST_CASE("thresholds: a clock that is set back holds nothing up for longer than the hold") {
  Checker checker;
  checker.hold = minutes(5);
  checker.at(600, {kpi("db_pool", 0.95)});
  CHECK(checker.at(0, {kpi("db_pool", 0.95)})[0].pending);
  CHECK(checker.at(4, {kpi("db_pool", 0.95)})[0].pending);
  const auto held = checker.at(5, {kpi("db_pool", 0.95)});
  CHECK(held[0].news);
  CHECK(held[0].since == kStart);
}
