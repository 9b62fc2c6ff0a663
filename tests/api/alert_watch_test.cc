#include "api/alert_watch.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "metrics/table.h"

using namespace m8;

namespace {

const WallTime kStart{std::chrono::hours(500'000)};

/// The gauge that the pool's threshold looks at, and what it is compared with.
std::string pool(int in_use) {
  return fmt::format("{} {}\n{} 10\n", metrics::kDbConnectionsActive.definition.name, in_use,
                     metrics::kDbConnectionsMax.definition.name);
}

}  // namespace

TEST_CASE("api/alert_watch: what is too high now is known, and forgotten when it is not") {
  api::AlertWatch watch({});
  watch.look(pool(7), kStart);
  CHECK(watch.alerts().empty());
  watch.look(pool(8), kStart + std::chrono::seconds(10));
  REQUIRE(watch.alerts().size() == 1);
  CHECK(watch.alerts()[0].key == "db_pool");
  CHECK(watch.alerts()[0].level == metrics::Level::kWarning);
  CHECK(watch.alerts()[0].value == doctest::Approx(0.8));
  watch.look(pool(10), kStart + std::chrono::seconds(20));
  REQUIRE(watch.alerts().size() == 1);
  CHECK(watch.alerts()[0].level == metrics::Level::kCritical);
  watch.look("\xff not an exposition {", kStart + std::chrono::seconds(30));
  CHECK(watch.alerts().size() <= 1);
  watch.look(pool(1), kStart + std::chrono::seconds(40));
  CHECK(watch.alerts().empty());
}

TEST_CASE("api/alert_watch: what has to hold does not count before") {
  api::AlertOptions options;
  options.hold = std::chrono::seconds(30);
  api::AlertWatch watch(options);
  watch.look(pool(10), kStart);
  CHECK(watch.alerts().empty());
  watch.look(pool(10), kStart + std::chrono::seconds(29));
  CHECK(watch.alerts().empty());
  watch.look(pool(10), kStart + std::chrono::seconds(30));
  CHECK(watch.alerts().size() == 1);
}
