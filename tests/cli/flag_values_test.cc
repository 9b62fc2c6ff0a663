#include "cli/flag_values.h"

#include <doctest/doctest.h>

namespace m8::cli {
namespace {

TEST_CASE("cli/flag_values: durations") {
  const std::vector<std::pair<std::string, long long>> good = {
      {"10", 10000},    {"10s", 10000}, {"500ms", 500}, {"2m30s", 150000}, {"1h", 3600000},
      {"1d", 86400000}, {"1.5s", 1500}, {"0", 0},       {"0.5", 500},      {"1h0m1ms", 3600001}};
  for (const auto& row : good) {
    CAPTURE(row.first);
    const auto duration = parse_duration(row.first);
    REQUIRE(duration.ok());
    CHECK(*duration == row.second);
  }
  for (const std::string& bad :
       std::vector<std::string>{"", "s", "-1", "1x", "1s5", "1 s", "1e3", "nan", "inf", "1..5s",
                                "99999999999999999999d", "10S"}) {
    CAPTURE(bad);
    const auto duration = parse_duration(bad);
    REQUIRE_FALSE(duration.ok());
    CHECK(duration.error().message == "not a duration: " + bad);
  }
}

TEST_CASE("cli/flag_values: numbers name their source and range") {
  const std::vector<Flag> flags = {{"threads", {}, "N", "Rate", "threads"}};
  FlagValues values(flags);
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"x", "M8_THREADS: not a whole number: x"},
      {"", "M8_THREADS: not a whole number: "},
      {"1.5", "M8_THREADS: not a whole number: 1.5"},
      {"0", "M8_THREADS: must be 1 to 8: 0"},
      {"9", "M8_THREADS: must be 1 to 8: 9"},
      {"99999999999999999999", "M8_THREADS: must be 1 to 8: 99999999999999999999"},
  };
  for (const auto& [text, message] : bad) {
    REQUIRE(values.set(flags[0], {text}, Origin::kEnvironment, "M8_THREADS").ok());
    const auto number = values.number("threads", 1, 8);
    REQUIRE_FALSE(number.ok());
    CHECK(number.error().code == ErrorCode::kInvalidArgument);
    CHECK(number.error().message == message);
  }
  REQUIRE(values.set(flags[0], {"8"}, Origin::kCommandLine, "--threads").ok());
  CHECK(values.number("threads", 1, 8).value_or(0) == 8);
}

TEST_CASE("cli/flag_values: names of environment variables") {
  CHECK(environment_name("rate-limit") == "M8_RATE_LIMIT");
  CHECK(environment_name("4") == "M8_4");
}

}  // namespace
}  // namespace m8::cli
