#include "store/since.h"

#include <cstdlib>

#include "store/records.h"

using namespace m8;
using namespace m8::store;
using namespace m8::test;

namespace {

struct Fixture {
  TempDirectory directory = make_directory();
  std::unique_ptr<Store> store = open_ok(directory.path() + "/m8.db");
  WallTime now = at_second(1'000'000);

  Result<WallTime> since(const char* text) { return parse_since(text, "asmm8 enum", *store, now); }
  void begin(const char* command, int second) {
    model::Run run;
    run.command = command;
    run.status = "done";
    run.started = at_second(second);
    REQUIRE(store->begin_run(run).ok());
  }
};

/// Local time is UTC + 2 as long as this lives.
struct Zone {
  Zone() {
    ::setenv("TZ", "EET-2", 1);
    ::tzset();
  }
  ~Zone() {
    ::unsetenv("TZ");
    ::tzset();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "store/since: a moment may be a time, a day or an age") {
  const Zone zone;
  const struct {
    const char* text;
    int second;  ///< after 2023-11-14T22:13:20Z
  } moments[] = {
      {"2023-11-14T22:13:21Z", 1},
      {"2023-11-14T22:13:21+00:00", 1},
      {"2023-11-15T03:43:21+05:30", 1},
      {"2023-11-14T20:13:21-02:00", 1},
      {"2023-11-15T00:13:21", 1},
      {"2023-11-15 00:14", 40},
      {"2023-11-15", -800},
      {"10s", 999'990},
      {"2h", 992'800},
      {"1d12h", 870'400},
      {"today", 949'600},
      {"yesterday", 863'200},
  };
  for (const auto& moment : moments) {
    CAPTURE(std::string(moment.text));
    const auto parsed = since(moment.text);
    REQUIRE(parsed.ok());
    CHECK(*parsed == at_second(moment.second));
  }
  CHECK(*since("2023-11-14T22:13:20.250Z") == at_second(0) + std::chrono::milliseconds(250));
}

TEST_CASE_FIXTURE(Fixture, "store/since: a moment may be the start of a run") {
  begin("asmm8 enum", 10);
  begin("num8 scan", 20);
  CHECK(*since("1") == at_second(10));
  CHECK(*since("2") == at_second(20));
  CHECK(*since("last") == at_second(10));
  CHECK(parse_run("last", "", *store)->id == 2);
  CHECK(since("3").error().code == ErrorCode::kNotFound);
  CHECK(parse_run("last", "m8 lab", *store).error().message == "no run of m8 lab yet");
}

TEST_CASE_FIXTURE(Fixture, "store/since: other texts are refused") {
  for (const char* text :
       {"", "soon", "2023-13-01", "2023-11-14T22:13:21X", "2023-11-14T22:13:21+2", "2023-11-14.",
        "-5s", "1 OR 1=1", "1e9", "99999999999999999999"}) {
    CAPTURE(std::string(text));
    CHECK(since(text).error().code == ErrorCode::kInvalidArgument);
  }
  CHECK(since("2999-01-01").error().message == "lies in the future: 2999-01-01");
}
