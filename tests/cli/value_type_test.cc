#include "cli/value_type.h"

#include <vector>

#include <doctest/doctest.h>

namespace m8::cli {
namespace {

TEST_CASE("cli/value_type: durations") {
  const std::vector<std::pair<std::string, long long>> good = {
      {"10", 10000},    {"10s", 10000}, {"500ms", 500}, {"2m30s", 150000}, {"1h", 3600000},
      {"1d", 86400000}, {"1.5s", 1500}, {"0", 0},       {"0.5", 500},      {"1h0m1ms", 3600001}};
  for (const auto& row : good) {
    CAPTURE(row.first);
    CHECK(parse_duration(row.first).value_or(-1) == row.second);
  }
  for (const std::string& bad :
       std::vector<std::string>{"", "s", "-1", "1x", "1s5", "1 s", "1e3", "nan", "inf", "1..5s",
                                "99999999999999999999d", "10S"}) {
    CAPTURE(bad);
    const auto duration = parse_duration(bad);
    REQUIRE_FALSE(duration.ok());
    CHECK(duration.error().message == "not a duration");
  }
}

TEST_CASE("cli/value_type: sizes") {
  const std::vector<std::pair<std::string, long long>> good = {{"0", 0},
                                                               {"1048576", 1 << 20},
                                                               {"64K", 64 << 10},
                                                               {"150M", 150 << 20},
                                                               {"1.5G", 3LL << 29},
                                                               {"2T", 2LL << 40},
                                                               {"10MB", 10 << 20},
                                                               {"10MiB", 10 << 20}};
  for (const auto& row : good) {
    CAPTURE(row.first);
    CHECK(parse_size(row.first).value_or(-1) == row.second);
  }
  for (const std::string& bad :
       std::vector<std::string>{"", "M", "-1", "1X", "1 M", "1m", "B", "1B", "nan", "9999999T"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_size(bad).ok());
  }
}

TEST_CASE("cli/value_type: the largest unit that divides it") {
  CHECK(duration_text(0) == "0");
  CHECK(duration_text(1500) == "1500ms");
  CHECK(duration_text(90'000) == "90s");
  CHECK(duration_text(7'200'000) == "2h");
  CHECK(size_text(1000) == "1000");
  CHECK(size_text(150 << 20) == "150M");
  CHECK(size_text(4LL << 30) == "4G");
}

TEST_CASE("cli/value_type: URLs without their password") {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"sqlite:/var/lib/m8.db", "sqlite:/var/lib/m8.db"},
      {"postgres://u:p@h:5432/db", "postgres://u:***@h:5432/db"},
      {"postgres://u:p@ss:w@h/db", "postgres://u:***@h/db"},
      {"postgres://u@h:5432/db?x=a:b@c", "postgres://u@h:5432/db?x=a:b@c"},
      {"postgres://h/db?user=u&password=p&x=1", "postgres://h/db?user=u&password=***&x=1"},
      {"redis://:p@h", "redis://:***@h"},
      {"http://h:80/a@b", "http://h:80/a@b"},
      {"connect to http://u:p@h: refused", "connect to http://u:***@h: refused"},
      {"http://u:p@a, http://v:q@b/", "http://u:***@a, http://v:***@b/"},
      {"http://a me@b", "http://a me@b"},
  };
  for (const auto& [url, shown] : table) CHECK(without_password(url) == shown);
}

}  // namespace
}  // namespace m8::cli
