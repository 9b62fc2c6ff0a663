#include "http/deadline_wheel.h"

#include <vector>

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::http;
using namespace std::chrono_literals;

namespace {

struct Item : DeadlineWheel::Node {
  int id = 0;
};

}  // namespace

TEST_CASE("http/deadline_wheel: each deadline comes once, never early, at most two ticks late") {
  const SteadyTime begin{1h};
  DeadlineWheel wheel(begin);
  std::vector<Item> items(2000);
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i].id = static_cast<int>(i);
    // Up to 60 s: several turns of the wheel.
    wheel.arm(items[i], begin + 30ms * (i * 7919 % items.size()));
  }
  std::size_t expired = 0;
  for (SteadyTime now = begin; now < begin + 61s; now += 7ms) {
    wheel.advance(now, [&](DeadlineWheel::Node& node) {
      ++expired;
      CHECK(node.due <= now);
      CHECK(now - node.due <= 2 * DeadlineWheel::kTick + 7ms);
      CHECK_FALSE(node.armed());
    });
  }
  CHECK(expired == items.size());
  CHECK(wheel.armed() == 0);
}

TEST_CASE("http/deadline_wheel: disarmed and armed anew, also while it expires others") {
  const SteadyTime begin{1h};
  DeadlineWheel wheel(begin);
  Item a, b, c, late;
  wheel.arm(a, begin + 100ms);
  wheel.arm(b, begin + 100ms);
  wheel.arm(c, begin + 100ms);
  wheel.arm(late, begin - 1s);
  wheel.disarm(c);
  wheel.disarm(c);
  int calls = 0;
  wheel.advance(begin + 200ms, [&](DeadlineWheel::Node& node) {
    ++calls;
    if (&node != &a && &node != &b) return;
    wheel.disarm(a);
    wheel.disarm(b);
    wheel.arm(node, begin + 20s);
  });
  CHECK(calls == 2);
  CHECK(wheel.armed() == 1);
  wheel.advance(begin + 10s, [&](DeadlineWheel::Node&) { ++calls; });
  CHECK(calls == 2);
  // A pause longer than the wheel's turn loses nothing.
  wheel.advance(begin + 1h, [&](DeadlineWheel::Node&) { ++calls; });
  CHECK(calls == 3);
}
