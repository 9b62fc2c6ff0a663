#include "cache/cache.h"

#include <atomic>
#include <latch>
#include <thread>

#include <doctest/doctest.h>

#include "cache/memory.h"
#include "metrics/metrics.h"

using namespace m8;
using namespace m8::cache;
using namespace std::chrono_literals;

namespace {

Cache::Loader gives(std::string value, std::atomic<int>* calls = nullptr) {
  return [value, calls]() -> Result<Cache::Loaded> {
    if (calls) ++*calls;
    return Cache::Loaded{value, {}};
  };
}

/// Waits until \p count callers of \p cache wait for another's load.
void until_waiting(const Cache& cache, std::uint64_t count) {
  while (cache.stats().shared < count) std::this_thread::yield();
}

}  // namespace

TEST_CASE("cache/cache: caches of one backend do not see each other, nor other versions") {
  Memory memory({});
  Cache dns({"dns", "1"}, memory), answers({"answers", "1"}, memory), newer({"dns", "2"}, memory);
  dns.put("a", "1");
  CHECK(dns.get("a"));
  CHECK_FALSE(answers.get("a"));
  CHECK_FALSE(newer.get("a"));
  newer.put("a", "2");
  CHECK(*dns.get("a") == "1");
  CHECK(dns.erase_all().value() == 2);
  CHECK_FALSE(newer.get("a"));
}

TEST_CASE("cache/cache: counts hits and misses of its own") {
  Memory memory({});
  Cache one({"one"}, memory), other({"other"}, memory);
  one.put("a", "1");
  one.get("a");
  one.get("a");
  one.get("b");
  other.get("a");
  CHECK(one.stats().hits == 2);
  CHECK(one.stats().misses == 1);
  CHECK(one.stats().hit_ratio() == doctest::Approx(2.0 / 3));
  CHECK(other.stats().hits == 0);
  CHECK(other.stats().hit_ratio() == 0);
  const auto many = one.get_many({"a", "b", "a"});
  REQUIRE(many.size() == 3);
  CHECK((many[0] && !many[1] && many[2]));
  CHECK(one.stats().hits == 4);
}

TEST_CASE("cache/cache: its own time to live holds where none is given") {
  FakeClock clock;
  Memory memory({}, clock);
  Cache cache({"c", "1", 10s}, memory);
  cache.put("own", "1");
  cache.put("longer", "1", {1min, {}});
  clock.advance(11s);
  CHECK_FALSE(cache.get("own"));
  CHECK(cache.get("longer"));
}

TEST_CASE("cache/cache: tags and prefixes are of one cache") {
  Memory memory({});
  Cache one({"one"}, memory), other({"other"}, memory);
  one.put("x1", "1", {0ms, {"t"}});
  other.put("x1", "1", {0ms, {"t"}});
  CHECK(one.erase_tag("t").value() == 1);
  CHECK(other.get("x1"));
  one.put("x1", "1");
  CHECK(one.erase_prefix("x").value() == 1);
  CHECK(other.get("x1"));
  CHECK(other.erase("x1").value() == 1);
}

TEST_CASE("cache/cache: a miss is loaded once, and kept as the loader says") {
  FakeClock clock;
  Memory memory({}, clock);
  Cache cache({"c"}, memory);
  std::atomic<int> calls{0};
  const auto load = [&]() -> Result<Cache::Loaded> {
    ++calls;
    return Cache::Loaded{"v", {5s, {}}};
  };
  CHECK(**cache.get_or_load("k", load, {}) == "v");
  CHECK(**cache.get_or_load("k", load, {}) == "v");
  CHECK(calls == 1);
  clock.advance(6s);
  CHECK(**cache.get_or_load("k", load, {}) == "v");
  CHECK(calls == 2);
}

TEST_CASE("cache/cache: of those who miss together one loads") {
  constexpr int kCallers = 8;
  Memory memory({});
  Cache cache({"c"}, memory);
  std::atomic<int> calls{0}, right{0};
  const auto load = [&]() -> Result<Cache::Loaded> {
    ++calls;
    until_waiting(cache, kCallers - 1);
    return Cache::Loaded{"v", {}};
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kCallers; ++i)
      threads.emplace_back([&] { right += **cache.get_or_load("k", load, {}) == "v"; });
  }
  CHECK(calls == 1);
  CHECK(right == kCallers);
}

TEST_CASE("cache/cache: a load that fails is the error of all who waited, and is not kept") {
  Memory memory({});
  Cache cache({"c"}, memory);
  std::atomic<int> failed{0};
  const auto load = [&]() -> Result<Cache::Loaded> {
    until_waiting(cache, 1);
    return Error{ErrorCode::kNetwork, "gone"};
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i)
      threads.emplace_back([&] {
        const auto value = cache.get_or_load("k", load, {});
        failed += !value.ok() && value.error().message == "gone";
      });
  }
  CHECK(failed == 2);
  CHECK(cache.get_or_load("k", gives("v"), {}).ok());
}

TEST_CASE("cache/cache: who waits for a load that is cancelled loads itself") {
  Memory memory({});
  Cache cache({"c"}, memory);
  std::latch begun(1);
  std::jthread first([&] {
    const auto value = cache.get_or_load("k",
                                         [&]() -> Result<Cache::Loaded> {
                                           begun.count_down();
                                           until_waiting(cache, 1);
                                           return Error{ErrorCode::kCancelled, "stopped"};
                                         },
                                         {});
    CHECK(!value.ok());
  });
  begun.wait();
  const auto value = cache.get_or_load("k", gives("mine"), {});
  REQUIRE(value.ok());
  CHECK(**value == "mine");
}

TEST_CASE("cache/cache: who waits for another's load can be stopped") {
  Memory memory({});
  Cache cache({"c"}, memory);
  std::latch begun(1), over(1);
  std::jthread first([&] {
    (void)cache.get_or_load("k",
                            [&]() -> Result<Cache::Loaded> {
                              begun.count_down();
                              over.wait();
                              return Cache::Loaded{"v", {}};
                            },
                            {});
  });
  begun.wait();
  std::stop_source stop;
  std::jthread second([&] {
    const auto value = cache.get_or_load("k", gives("x"), stop.get_token());
    CHECK(!value.ok());
    CHECK(value.error().code == ErrorCode::kCancelled);
  });
  until_waiting(cache, 1);
  stop.request_stop();
  second.join();
  over.count_down();
}

TEST_CASE("cache/cache: what caches of one name counted is a metric") {
  Memory memory({});
  for (int i = 0; i < 2; ++i) {
    Cache cache({"counted"}, memory);
    cache.put("a", "1");
    cache.get("a");
    cache.get("a");
    cache.get("b");
  }
  const std::string page = metrics::Registry::process().exposition();
  const auto has = [&page](const char* line) { return page.find(line) != page.npos; };
  CHECK(has("m8_cache_requests_total{cache=\"counted\",result=\"hit\"} 4\n"));
  CHECK(has("m8_cache_requests_total{cache=\"counted\",result=\"miss\"} 2\n"));
}
