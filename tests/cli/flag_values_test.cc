#include "cli/flag_values.h"

#include <chrono>

#include <doctest/doctest.h>

#include "net/rate_limiter.h"

namespace m8::cli {
namespace {

TEST_CASE("cli/flag_values: a bad value names its source, from whichever it comes") {
  Flag flag{"limit", {}, "X", "Rate", "limit"};
  Flag toggle{"quick", {}, "", "Rate", "quick"};
  const auto number = ValueType::number(1, 8);
  const auto duration = ValueType::duration(std::chrono::milliseconds(10), std::chrono::hours(1));
  const auto size = ValueType::size(0, 150 << 20);
  struct Row {
    ValueType type;
    std::string text, message;
  };
  const std::vector<Row> table = {
      {number, "x", "not a whole number: x"},
      {number, "", "not a whole number: "},
      {number, "1.5", "not a whole number: 1.5"},
      {number, "0", "must be 1 to 8: 0"},
      {number, "9", "must be 1 to 8: 9"},
      {number, "99999999999999999999", "must be 1 to 8: 99999999999999999999"},
      {number, "-99999999999999999999", "must be 1 to 8: -99999999999999999999"},
      {duration, "soon", "not a duration: soon"},
      {duration, "9ms", "must be 10ms to 1h: 9ms"},
      {duration, "1d", "must be 10ms to 1h: 1d"},
      {size, "big", "not a size: big"},
      {size, "-1", "not a size: -1"},
      {size, "151M", "must be 0 to 150M: 151M"},
      {ValueType::rate(), "4/y", "not a rate (a number with /s, /m or /h, such as 150/s): 4/y"},
      {ValueType::rate(), "-1", "not a rate (a number with /s, /m or /h, such as 150/s): -1"},
      {ValueType::url(), "db", "not a URL (SCHEME:...): db"},
      {ValueType::url(), "sqlite:", "not a URL (SCHEME:...): sqlite:"},
      {ValueType::url(), "a b:c", "not a URL (SCHEME:...): a b:c"},
      {ValueType::url(), "://u:secret@h", "not a URL (SCHEME:...): ://u:***@h"},
  };
  for (const Row& row : table) {
    CAPTURE(row.text);
    flag.type = row.type;
    const std::vector<Flag> flags = {flag};
    FlagValues values(flags);
    for (const char* where : {"M8_LIMIT", "--limit", "c.yaml:3: limit"}) {
      const Status status = values.set(flags[0], {row.text}, Origin::kEnvironment, where);
      REQUIRE_FALSE(status.ok());
      CHECK(status.error().code == ErrorCode::kInvalidArgument);
      CHECK(status.error().message == std::string(where) + ": " + row.message);
      CHECK_FALSE(values.given("limit"));
    }
  }
  const std::vector<Flag> flags = {toggle};
  const Status status = FlagValues(flags).set(flags[0], {"maybe"}, Origin::kConfig, "place");
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().message == "place: not true or false: maybe");
}

TEST_CASE("cli/flag_values: a secret is never in an error") {
  Flag flag{"token", {}, "X", "Rate", "token"};
  flag.type = ValueType::number(1, 2);
  flag.secret = true;
  const std::vector<Flag> flags = {flag};
  const Status status = FlagValues(flags).set(flags[0], {"hunter2"}, Origin::kConfig, "place");
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().message == "place: not a whole number");
}

TEST_CASE("cli/flag_values: typed values") {
  const auto flag = [](const char* name, ValueType type, const char* initial) {
    Flag made{name, {}, "X", "Test", "a flag"};
    made.type = type;
    made.initial = initial;
    return made;
  };
  const auto wait = ValueType::duration(std::chrono::milliseconds(0), std::chrono::hours(1));
  const std::vector<Flag> flags = {
      flag("number", ValueType::number(-5, 5), "-3"), flag("wait", wait, "2m30s"),
      flag("size", ValueType::size(0, 1 << 30), "150M"), flag("rate", ValueType::rate(), "30/m"),
      flag("unset", ValueType::number(1, 2), "")};
  const FlagValues values(flags);
  CHECK(values.number<int>("number") == -3);
  CHECK(values.duration("wait") == std::chrono::seconds(150));
  CHECK(values.bytes("size") == 150u << 20);
  CHECK(values.rate("rate").per_second == 0.5);
  CHECK(values.number("unset") == 0);
  CHECK_FALSE(values.given("unset"));
}

TEST_CASE("cli/flag_values: names of environment variables") {
  CHECK(environment_name("rate-limit") == "M8_RATE_LIMIT");
  CHECK(environment_name("4") == "M8_4");
}

}  // namespace
}  // namespace m8::cli
