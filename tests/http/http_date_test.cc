#include "http/http_date.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::http;

TEST_CASE("http/http_date: the forms in use") {
  const WallTime expected{std::chrono::seconds(784'111'777)};
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06-Nov-1994 08:49:37 GMT",
                           "Sun, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    CAPTURE(text);
    const auto time = parse_http_date(text);
    REQUIRE(time);
    CHECK(*time == expected);
  }
  for (const char* text : {"", "soon", "1994-11-06", "Sun, 06 Nov"}) CHECK(!parse_http_date(text));
}

TEST_CASE("http/http_date: Retry-After in seconds or as a date") {
  struct Row {
    const char* text;
    long long seconds;  ///< negative: not understood
  };
  const WallTime now{std::chrono::seconds(784'111'770)};
  const Row rows[] = {
      {"0", 0},
      {"120", 120},
      {" 5 ", 5},
      {"Sun, 06 Nov 1994 08:49:37 GMT", 7},
      {"Sun, 06 Nov 1993 08:49:37 GMT", 0},
      {"Fri, 31 Dec 9999 23:59:59 GMT", 365LL * 86400},
      {"99999999999999999999", 365LL * 86400},
      {"-1", -1},
      {"1.5", -1},
      {"soon", -1},
      {"", -1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto pause = parse_retry_after(row.text, now);
    REQUIRE(pause.has_value() == (row.seconds >= 0));
    if (pause) CHECK(pause->count() == row.seconds);
  }
}
