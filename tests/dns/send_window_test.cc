#include "dns/send_window.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::dns;
using std::chrono::microseconds;

namespace {

const SteadyTime kStart{std::chrono::hours(1)};

/// A resolver that needs \p per_query each and \p latency on the way: runs \p queries through.
void run(SendWindow& window, SteadyTime& now, int queries, microseconds per_query,
         microseconds latency) {
  for (int i = 0; i < queries; ++i) {
    const auto in_flight = window.size();
    const microseconds by_latency = latency / static_cast<long>(in_flight);
    now += std::max(per_query, by_latency);
    window.answered(in_flight, now);
  }
}

}  // namespace

TEST_CASE("dns/send_window: grows to the bound while latency is what limits") {
  SendWindow window(1000, kStart);
  CHECK(window.size() == SendWindow::kStart);
  SteadyTime now = kStart;
  run(window, now, 10000, microseconds(1), std::chrono::milliseconds(50));
  CHECK(window.size() == 1000);
}

TEST_CASE("dns/send_window: stops growing when the resolver is the limit") {
  SendWindow window(30000, kStart);
  SteadyTime now = kStart;
  run(window, now, 20000, microseconds(10), microseconds(100));
  CHECK(window.size() <= 256);
  CHECK(window.size() >= 16);
}

TEST_CASE("dns/send_window: falls on loss down to its floor and recovers") {
  SendWindow window(400, kStart);
  SteadyTime now = kStart;
  run(window, now, 5000, microseconds(1), std::chrono::milliseconds(50));
  const auto before = window.size();
  for (int i = 0; i < 5000; ++i) window.lost(now += microseconds(100));
  CHECK(window.size() == SendWindow::kMin);
  run(window, now, 100000, microseconds(1000), microseconds(1000));
  CHECK(window.size() > SendWindow::kMin);
  CHECK(window.size() <= before);
}

TEST_CASE("dns/send_window: a few time-outs shrink nothing") {
  SendWindow window(100, kStart);
  SteadyTime now = kStart;
  for (int i = 0; i < 2000; ++i) {
    now += microseconds(500);
    if (i % 25 == 0) window.lost(now);
    window.answered(window.size(), now);
  }
  CHECK(window.size() >= SendWindow::kStart);
}

TEST_CASE("dns/send_window: a window that is not used does not grow") {
  SendWindow window(1000, kStart);
  SteadyTime now = kStart;
  for (int i = 0; i < 1000; ++i) window.answered(3, now += microseconds(100));
  CHECK(window.size() == SendWindow::kStart);
}

TEST_CASE("dns/send_window: the bound goes before the floor") {
  SendWindow window(1, kStart);
  CHECK(window.size() == 1);
}
