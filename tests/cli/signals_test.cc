#include "cli/signals.h"

#include <csignal>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

namespace m8::cli {
namespace {

constexpr std::chrono::seconds kPatience{10};

/// Waits until stop is requested. False after kPatience.
bool stopped(const std::stop_token& stop) {
  auto& clock = SystemClock::instance();
  return !clock.sleep_until(clock.now() + kPatience, stop);
}

TEST_CASE("cli/signals: the first signal requests a stop") {
  for (const int number : {SIGINT, SIGTERM}) {
    Signals signals;
    CHECK(signals.received() == 0);
    ::kill(::getpid(), number);
    CHECK(stopped(signals.token()));
    CHECK(signals.received() == number);
  }
}

TEST_CASE("cli/signals: the second signal ends the process with 130") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    Signals signals;
    ::kill(::getpid(), SIGINT);
    if (!stopped(signals.token())) ::_exit(1);
    ::kill(::getpid(), SIGINT);
    stopped({});  // never returns early: nobody else requests a stop
    ::_exit(2);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
}

}  // namespace
}  // namespace m8::cli
