#include "store/slow_query.h"

#include <sstream>

#include <doctest/doctest.h>
#include <spdlog/sinks/ostream_sink.h>

#include "base/log.h"

using namespace m8;
using namespace m8::store;
using namespace std::chrono_literals;

TEST_CASE("store/slow_query: what takes too long is logged, without its values") {
  std::ostringstream lines;
  const auto logger = log::get("store");
  const auto level = logger->level();
  logger->set_level(spdlog::level::info);
  logger->sinks().push_back(std::make_shared<spdlog::sinks::ostream_sink_mt>(lines));
  FakeClock clock;
  {
    const SlowQuery quick("SELECT quick", 100ms, clock);
    clock.advance(99ms);
  }
  {
    const SlowQuery never("SELECT never", 0ms, clock);
    clock.advance(1h);
  }
  CHECK(lines.str().empty());
  {
    const SlowQuery slow("SELECT slow", 100ms, clock);
    clock.advance(250ms);
  }
  CHECK(lines.str().find("slow query ms=250 sql=\"SELECT slow\"") != std::string::npos);
  logger->sinks().pop_back();
  logger->set_level(level);
}
