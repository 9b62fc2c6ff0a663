#include "scan/host_pace.h"

#include <algorithm>

#include <doctest/doctest.h>

using namespace m8::scan;
using namespace std::chrono_literals;

namespace {

constexpr int kMost = 24;

/// A scan of one host: as many templates as it may, each answer taking what \p latency says of that
/// number.
template <typename Latency>
void ask(HostPace& pace, int requests, Latency latency) {
  for (int i = 0; i < requests; ++i) {
    const int running = pace.limit(kMost);
    pace.took(latency(running), running);
  }
}

auto always(HostPace::Time time) {
  return [time](int) { return time; };
}

}  // namespace

TEST_CASE("scan/host_pace: a host that is quick, or slow from the start, is not held up") {
  for (const HostPace::Time time : {1us, 50'000us, 5'000'000us}) {
    CAPTURE(time.count());
    HostPace pace;
    CHECK(pace.limit(kMost) == kMost);
    for (int i = 0; i < 1000; ++i) {
      CHECK_FALSE(pace.took(time, kMost));
      CHECK(pace.limit(kMost) == kMost);
    }
    CHECK(pace.usual() == time);
  }
}

TEST_CASE("scan/host_pace: noise below half a second, or of a few slow pages, changes nothing") {
  HostPace pace;
  for (int i = 0; i < 1000; ++i) {
    CHECK_FALSE(pace.took(i % 3 == 2 ? 9'000'000us : 1000us, kMost));
    CHECK_FALSE(pace.took(400'000us, kMost));
    CHECK_FALSE(pace.took(2000us, kMost));
  }
  CHECK(pace.limit(kMost) == kMost);
}

TEST_CASE("scan/host_pace: who can't bear so many is asked by fewer until it is quick") {
  HostPace pace;
  // Quick up to 8 at a time, then ever slower.
  const auto latency = [](int running) {
    return running <= 8 ? HostPace::Time(20'000) : HostPace::Time(300'000) * running;
  };
  pace.took(20ms, 1);
  int least = kMost, most_later = 0, slow_later = 0;
  for (int i = 0; i < 4000; ++i) {
    const int running = pace.limit(kMost);
    least = std::min(least, running);
    if (i > 500) {
      most_later = std::max(most_later, running);
      if (latency(running) > 1s) ++slow_later;
    }
    pace.took(latency(running), running);
  }
  CHECK(least >= 4);       // half of what is just too much
  CHECK(most_later <= 9);  // tried again, one at a time
  CHECK(slow_later < 700);
}

TEST_CASE("scan/host_pace: it gets back to all once the host has recovered") {
  HostPace pace;
  ask(pace, 100, always(10ms));
  ask(pace, 200, [](int running) { return HostPace::Time(100'000) * running; });
  CHECK(pace.limit(kMost) < kMost);
  ask(pace, 2000, always(10ms));
  CHECK(pace.limit(kMost) == kMost);
  CHECK(pace.usual() == 10ms);
  ask(pace, 100'000, always(10ms));  // and nothing overflows
  CHECK(pace.limit(1'000'000) == 1'000'000);
}

TEST_CASE("scan/host_pace: asking less in vain is given up, and each time more seldom tried") {
  HostPace pace;
  int lowered = 0, held_up = 0;
  for (int i = 0; i < 20'000; ++i) {
    const bool slow_pages = i / 500 % 2 == 1;
    const int running = pace.limit(kMost);
    if (running < kMost) ++held_up;
    if (pace.took(slow_pages ? 2s : HostPace::Time(1000), running)) ++lowered;
  }
  CHECK(lowered == 2);
  CHECK(held_up < 200);
}

TEST_CASE("scan/host_pace: a host with one template at a time is never held up") {
  HostPace pace;
  for (int i = 0; i < 200; ++i) CHECK_FALSE(pace.took(i < 50 ? 1ms : HostPace::Time(9s), 1));
  CHECK(pace.limit(kMost) == kMost);
}

TEST_CASE("scan/host_pace: answers that were asked for before the limit fell do not count") {
  HostPace pace;
  pace.took(1ms, 1);
  for (int i = 0; i < 31; ++i) pace.took(2s, 100);
  CHECK(pace.limit(100) == 50);
  for (int i = 0; i < 100; ++i) CHECK_FALSE(pace.took(2s, 50));  // in flight when it fell
  CHECK(pace.limit(100) == 50);
  for (int i = 0; i < 32; ++i) pace.took(1s, 50);  // it helped, but not enough
  CHECK(pace.limit(100) == 25);
}
