#include "base/thread_pool.h"

#include <atomic>
#include <set>
#include <stdexcept>

#include <doctest/doctest.h>

#include "base/guarded.h"

using namespace m8;

TEST_CASE("base/thread_pool: runs every job and reports worker and duration") {
  std::atomic<int> ran{0};
  Guarded<std::set<int>> workers;
  ThreadPool pool({.workers = 3, .queue = 4}, [&](const ThreadPool::JobReport& report) {
    workers.lock()->insert(report.worker);
    CHECK(report.error.empty());
  });
  for (int i = 0; i < 200; ++i) CHECK(pool.submit([&](std::stop_token) { ++ran; }));
  pool.drain();
  CHECK(ran == 200);
  CHECK(pool.completed() == 200);
  for (const int worker : *workers.lock()) CHECK((worker >= 0 && worker < 3));
  CHECK(!pool.submit([](std::stop_token) {}));
}

TEST_CASE("base/thread_pool: exceptions are contained and counted") {
  Guarded<std::string> seen;
  ThreadPool pool({.workers = 1, .queue = 4},
                  [&](const ThreadPool::JobReport& report) { *seen.lock() += report.error; });
  pool.submit([](std::stop_token) { throw std::runtime_error("boom"); });
  pool.submit([](std::stop_token) { throw 1; });
  pool.submit([](std::stop_token) {});
  pool.drain();
  CHECK(pool.failed() == 2);
  CHECK(pool.completed() == 1);
  CHECK(*seen.lock() == "boomunknown exception");
}

TEST_CASE("base/thread_pool: a waiting job sees the stop and the destructor joins") {
  std::atomic<bool> stopped{false}, begun{false};
  {
    ThreadPool pool({.workers = 1, .queue = 1});
    pool.submit([&](std::stop_token stop) {
      begun = true;
      begun.notify_all();
      SystemClock::instance().sleep_until(SteadyTime::max(), stop);
      stopped = stop.stop_requested();
    });
    begun.wait(false);
  }
  CHECK(stopped);
}

TEST_CASE("base/channel: bounded, closable, and stops with its token") {
  Channel<int> channel(2);
  int third = 3;
  CHECK(channel.push(1));
  CHECK(channel.push(2));
  CHECK(!channel.try_push(third));
  std::stop_source stop;
  stop.request_stop();
  CHECK(!channel.push(3, stop.get_token()));
  CHECK(*channel.pop() == 1);
  channel.close();
  CHECK(!channel.push(4));
  CHECK(*channel.pop() == 2);
  CHECK(!channel.pop());
}

TEST_CASE("base/channel: many producers and consumers lose nothing") {
  Channel<int> channel(8);
  std::atomic<long> sum{0};
  {
    std::vector<std::jthread> consumers;
    for (int i = 0; i < 3; ++i) {
      consumers.emplace_back([&] {
        while (auto value = channel.pop()) sum += *value;
      });
    }
    {
      std::vector<std::jthread> producers;
      for (int i = 0; i < 3; ++i) {
        producers.emplace_back([&] {
          for (int v = 1; v <= 1000; ++v) channel.push(v);
        });
      }
    }
    channel.close();
  }
  CHECK(sum == 3 * 500'500);
}

TEST_CASE("base/clock: the fake one moves only by hand, and time prints as RFC 3339") {
  FakeClock clock;
  const SteadyTime begin = clock.now();
  CHECK(clock.now() == begin);
  CHECK(clock.sleep_until(begin + std::chrono::seconds(5), {}));
  CHECK(clock.now() - begin == std::chrono::seconds(5));
  CHECK(rfc3339(clock.wall()) == "2023-11-14T22:13:25.000Z");
}
