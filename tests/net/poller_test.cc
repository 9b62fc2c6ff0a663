#include "net/poller.h"

#include <array>
#include <functional>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sys/socket.h>

using namespace m8;
using namespace m8::net;
using std::chrono::milliseconds;

namespace {

struct Pair {
  Fd near, far;
  static Pair make() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    return {Fd(fds[0]), Fd(fds[1])};
  }
  void send() const { REQUIRE(::write(far.get(), "x", 1) == 1); }
};

struct Calls final : Poller::Handler {
  std::function<void(std::uint32_t)> action;
  int count = 0;
  void ready(std::uint32_t events) override {
    ++count;
    if (action) action(events);
  }
};

Poller make_poller() {
  auto poller = Poller::create();
  REQUIRE(poller.ok());
  return std::move(poller).value();
}

}  // namespace

TEST_CASE("net/poller: calls the handler of a ready descriptor") {
  Poller poller = make_poller();
  const Pair pair = Pair::make();
  Calls handler;
  std::uint32_t seen = 0;
  handler.action = [&](std::uint32_t events) { seen = events; };
  REQUIRE(poller.add(pair.near.get(), EPOLLIN, &handler).ok());
  CHECK(poller.poll(milliseconds(0)) == 0);
  pair.send();
  CHECK(poller.poll(milliseconds(1000)) == 1);
  CHECK(handler.count == 1);
  CHECK((seen & EPOLLIN) != 0);
  poller.remove(pair.near.get());
  CHECK(poller.poll(milliseconds(0)) == 0);
}

TEST_CASE("net/poller: a handler may remove itself and others within a turn") {
  Poller poller = make_poller();
  std::vector<Pair> pairs;
  std::vector<Calls> handlers(8);
  for (std::size_t i = 0; i < 8; ++i) pairs.push_back(Pair::make());
  for (std::size_t i = 0; i < 8; ++i) {
    handlers[i].action = [&](std::uint32_t) {
      for (const Pair& pair : pairs) poller.remove(pair.near.get());
    };
    REQUIRE(poller.add(pairs[i].near.get(), EPOLLIN, &handlers[i]).ok());
    pairs[i].send();
  }
  CHECK(poller.poll(milliseconds(1000)) == 1);
  int calls = 0;
  for (const Calls& handler : handlers) calls += handler.count;
  CHECK(calls == 1);
}

TEST_CASE("net/poller: an event of a closed descriptor never reaches its successor") {
  Poller poller = make_poller();
  Pair first = Pair::make(), second = Pair::make();
  Calls successor;
  Calls killer;
  // Whichever of the two comes first closes the other and registers a new socket in its place.
  const auto replace = [&](Pair& victim) {
    const int number = victim.near.get();
    poller.remove(number);
    victim.near.reset();
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    REQUIRE(fds[0] == number);
    victim.near.reset(fds[0]);
    victim.far.reset(fds[1]);
    REQUIRE(poller.add(number, EPOLLIN, &successor).ok());
  };
  Calls other;
  killer.action = [&](std::uint32_t) { replace(second); };
  other.action = [&](std::uint32_t) { replace(first); };
  REQUIRE(poller.add(first.near.get(), EPOLLIN, &killer).ok());
  REQUIRE(poller.add(second.near.get(), EPOLLIN, &other).ok());
  first.send();
  second.send();
  poller.poll(milliseconds(1000));
  CHECK(killer.count + other.count == 1);
  CHECK(successor.count == 0);
}

TEST_CASE("net/poller: timers run in order, once, unless cancelled") {
  Poller poller = make_poller();
  std::vector<int> order;
  const SteadyTime start = poller.now();
  poller.at(start + milliseconds(3), [&] { order.push_back(3); });
  const auto cancelled = poller.at(start + milliseconds(2), [&] { order.push_back(2); });
  poller.at(start + milliseconds(1), [&] { order.push_back(1); });
  poller.cancel(cancelled);
  poller.cancel(cancelled);
  poller.cancel(0);
  for (int turn = 0; turn < 1000 && order.size() < 2; ++turn) poller.poll(milliseconds(100));
  CHECK(order == std::vector<int>{1, 3});
  CHECK(poller.now() >= start + milliseconds(3));
  CHECK(poller.poll(milliseconds(0)) == 0);
}

TEST_CASE("net/poller: a timer that re-arms itself does not hold up the turn") {
  Poller poller = make_poller();
  int runs = 0;
  std::function<void()> again = [&] {
    ++runs;
    poller.at(poller.now(), again);
  };
  poller.at(poller.now(), again);
  CHECK(poller.poll(milliseconds(100)) == 1);
  CHECK(runs == 1);
  CHECK(poller.poll(milliseconds(100)) == 1);
}

TEST_CASE("net/poller: a due timer can be cancelled by one before it") {
  Poller poller = make_poller();
  int runs = 0;
  std::uint64_t second = 0;
  poller.at(poller.now() - milliseconds(2), [&] {
    ++runs;
    poller.cancel(second);
  });
  second = poller.at(poller.now() - milliseconds(1), [&] { ++runs; });
  CHECK(poller.poll(milliseconds(0)) == 1);
  CHECK(runs == 1);
}

TEST_CASE("net/poller: many cancelled timers are forgotten and the rest still run") {
  Poller poller = make_poller();
  int runs = 0;
  const SteadyTime later = poller.now() + std::chrono::hours(1);
  for (int i = 0; i < 10'000; ++i) poller.cancel(poller.at(later, [&] { runs += 1000; }));
  for (int i = 0; i < 10; ++i) poller.at(poller.now(), [&] { ++runs; });
  CHECK(poller.poll(milliseconds(0)) == 10);
  CHECK(runs == 10);
}

TEST_CASE("net/poller: posted tasks wake the loop from other threads and none is lost") {
  Poller poller = make_poller();
  constexpr int kThreads = 4, kEach = 2000;
  int done = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) poller.post([&] { ++done; });
    });
  }
  const SteadyTime deadline = poller.now() + std::chrono::seconds(20);
  while (done < kThreads * kEach && poller.now() < deadline) poller.poll(milliseconds(5000));
  CHECK(done == kThreads * kEach);
  CHECK(poller.now() < deadline - std::chrono::seconds(5));
}

TEST_CASE("net/poller: refuses a bad descriptor") {
  Poller poller = make_poller();
  Calls handler;
  CHECK_FALSE(poller.add(-1, EPOLLIN, &handler).ok());
  CHECK_FALSE(poller.add(100'000, EPOLLIN, &handler).ok());
  poller.remove(-1);
  poller.remove(100'000'000);
}
