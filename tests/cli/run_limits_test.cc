#include "cli/run_limits.h"

#include <doctest/doctest.h>

#include "cli/flag_values.h"

using namespace m8;
using namespace m8::cli;

namespace {

/// Limits with these flags, watched by a real clock.
struct LimitsFixture {
  LimitsFixture(const std::string& deadline, const std::string& memory)
      : flags(run_limit_flags()), values(flags) {
    if (!deadline.empty()) set("deadline", deadline);
    if (!memory.empty()) set("max-memory", memory);
    made = RunLimits::create(values, signals, SystemClock::instance());
  }
  void set(const std::string& name, const std::string& text) {
    for (const Flag& flag : flags)
      if (flag.name == name) REQUIRE(values.set(flag, {text}, Origin::kCommandLine, name).ok());
  }
  /// Waits for the stop; false if none came.
  static bool stopped(const RunLimits& limits) {
    (void)SystemClock::instance().sleep_until(
        SystemClock::instance().now() + std::chrono::seconds(20), limits.token());
    return limits.token().stop_requested();
  }
  const std::vector<Flag> flags;
  FlagValues values;
  Signals signals;
  Result<std::unique_ptr<RunLimits>> made = Error{ErrorCode::kInternal, ""};
};

}  // namespace

TEST_CASE("cli/run_limits: a deadline is a duration or a time") {
  FakeClock clock;
  const SteadyTime now = clock.now();
  const std::pair<std::string, int> good[] = {{"90s", 90},
                                              {"2m30s", 150},
                                              {"5", 5},
                                              {"2023-11-14T22:14:20Z", 60},
                                              {"2023-11-14T23:14:20+01:00", 60},
                                              {"2023-11-14T20:44:20-01:30", 60}};
  for (const auto& [text, seconds] : good) {
    const auto& shown = text;
    CAPTURE(shown);
    const auto deadline = parse_deadline(text, clock);
    REQUIRE(deadline.ok());
    CHECK(*deadline == now + std::chrono::seconds(seconds));
  }
  for (const char* text :
       {"soon", "", "2023-11-14T22:13:20Z", "2023-11-14Tx", "2023-11-14T22:14:20+1", "-5s"}) {
    CHECK_MESSAGE(!parse_deadline(text, clock).ok(), text);
  }
}

TEST_CASE("cli/run_limits: without limits nothing watches and nothing stops") {
  const LimitsFixture fixture("", "");
  REQUIRE(fixture.made.ok());
  RunLimits& limits = **fixture.made;
  CHECK(limits.end() == RunLimits::End::kNone);
  CHECK_FALSE(limits.memory().limited());
  limits.stop_source().request_stop();
  CHECK(limits.end() == RunLimits::End::kOther);
  CHECK_FALSE(limits.reached());
}

TEST_CASE("cli/run_limits: the deadline stops the run") {
  const LimitsFixture fixture("1ms", "");
  REQUIRE(fixture.made.ok());
  const RunLimits& limits = **fixture.made;
  REQUIRE(LimitsFixture::stopped(limits));
  CHECK(limits.end() == RunLimits::End::kDeadline);
  CHECK(limits.text(3, 12, "targets") == "deadline reached: 3 of 12 targets not done");
}

TEST_CASE("cli/run_limits: memory that can't be kept stops the run") {
  const LimitsFixture fixture("", "1M");
  REQUIRE(fixture.made.ok());
  const RunLimits& limits = **fixture.made;
  REQUIRE(LimitsFixture::stopped(limits));
  CHECK(limits.end() == RunLimits::End::kMemory);
  CHECK(limits.text(1, 2, "names") == "memory limit of 1 MB reached: 1 of 2 names not done");
}

TEST_CASE("cli/run_limits: a wrong deadline names the flag") {
  const LimitsFixture fixture("soon", "");
  REQUIRE_FALSE(fixture.made.ok());
  CHECK(fixture.made.error().message == "--deadline: not a duration or time: soon");
}
