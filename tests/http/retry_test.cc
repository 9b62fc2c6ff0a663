#include "http/retry.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::http;
using namespace std::chrono_literals;

TEST_CASE("http/retry: the pause doubles up to the cap, and is drawn from all of it") {
  const Backoff backoff{500ms, 10'000ms};
  CHECK(backoff.pause(0, 0) == 0ms);
  CHECK(backoff.pause(0, 1) == 500ms);
  CHECK(backoff.pause(1, 1) == 1000ms);
  CHECK(backoff.pause(1, 0.5) == 500ms);
  CHECK(backoff.pause(4, 1) == 8000ms);
  CHECK(backoff.pause(5, 1) == 10'000ms);
  CHECK(backoff.pause(1'000'000, 1) == 10'000ms);
  for (int i = 0; i < 1000; ++i) {
    const double draw = random_draw();
    CHECK(draw >= 0);
    CHECK(draw <= 1);
  }
}

TEST_CASE("http/retry: which answers and methods are tried again") {
  for (const int status : {429, 502, 503, 504}) CHECK(is_retryable_status(status));
  for (const int status : {200, 301, 400, 401, 404, 500, 501})
    CHECK_FALSE(is_retryable_status(status));
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
    CHECK(is_idempotent(method));
  for (const char* method : {"POST", "PATCH", "get", ""}) CHECK_FALSE(is_idempotent(method));
}
