#include "cache/memory.h"

#include <list>
#include <random>
#include <thread>
#include <unordered_map>

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace m8;
using namespace m8::cache;
using namespace std::chrono_literals;

namespace {

std::string key_of(int i) { return fmt::format("k{:07}", i); }
const std::size_t kCost = Memory::cost_of(8, 8);

std::string text(const Bytes& bytes) { return bytes ? *bytes : "(none)"; }

}  // namespace

TEST_CASE("cache/memory: gives what was put last, and what is not there is null") {
  Memory memory({});
  CHECK(memory.get("a") == nullptr);
  memory.put("a", "1", {});
  memory.put(std::string_view("a\0b", 3), std::string("2\0", 2), {});
  CHECK(text(memory.get("a")) == "1");
  CHECK(text(memory.get(std::string_view("a\0b", 3))) == std::string("2\0", 2));
  memory.put("a", "3", {});
  CHECK(text(memory.get("a")) == "3");
  CHECK(memory.stats().entries == 2);
}

TEST_CASE("cache/memory: an entry is gone when its time is over") {
  FakeClock clock;
  Memory memory({}, clock);
  memory.put("short", "1", {10ms, {}});
  memory.put("long", "2", {1h, {}});
  memory.put("ever", "3", {});
  clock.advance(9ms);
  CHECK(text(memory.get("short")) == "1");
  clock.advance(1ms);
  CHECK(memory.get("short") == nullptr);
  CHECK(memory.stats().expired == 1);
  CHECK(memory.stats().entries == 2);
  clock.advance(24h);
  CHECK(memory.get("long") == nullptr);
  CHECK(text(memory.get("ever")) == "3");
}

TEST_CASE("cache/memory: stays within its bytes") {
  for (const int shards : {1, 4, 16}) {
    CAPTURE(shards);
    Memory memory({kCost * 1600, shards});
    for (int i = 0; i < 50'000; ++i) {
      memory.put(key_of(i), "12345678", {});
      if (i % 1000 == 0) CHECK(memory.stats().bytes <= kCost * 1600);
    }
    const BackendStats stats = memory.stats();
    CHECK(stats.bytes <= stats.limit_bytes);
    CHECK(stats.entries > 1500);
    CHECK(stats.entries + stats.evicted == 50'000);
  }
}

TEST_CASE("cache/memory: what is too large is refused, and the value before it does not stay") {
  Memory memory({100'000, 1});
  memory.put("a", "old", {});
  memory.put("a", std::string(20'000, 'x'), {});
  CHECK(memory.get("a") == nullptr);
  CHECK(memory.stats().refused == 1);
  CHECK(memory.stats().bytes == 0);
}

TEST_CASE("cache/memory: a value that grows makes others go") {
  Memory memory({kCost * 100, 1});
  for (int i = 0; i < 100; ++i) memory.put(key_of(i), "12345678", {});
  for (int i = 0; i < 100; ++i) memory.put(key_of(i % 10), std::string(kCost * 4, 'x'), {});
  CHECK(memory.stats().bytes <= kCost * 100);
  CHECK(memory.stats().entries > 0);
}

TEST_CASE("cache/memory: forgets by key, by prefix and by tag") {
  Memory memory({});
  memory.put("x:1", "1", {0ms, {"red", "big"}});
  memory.put("x:2", "2", {0ms, {"red"}});
  memory.put("y:1", "3", {0ms, {"big"}});
  CHECK(memory.erase("x:3").value() == 0);
  CHECK(memory.erase_tag("re").value() == 0);
  CHECK(memory.erase_tag("red").value() == 2);
  CHECK(text(memory.get("y:1")) == "3");
  memory.put("x:1", "1", {});
  CHECK(memory.erase_tag("red").value() == 0);  // it has none any more
  CHECK(memory.erase_prefix("x:").value() == 1);
  CHECK(memory.erase("y:1").value() == 1);
  CHECK(memory.stats().entries == 0);
  CHECK(memory.stats().bytes == 0);
}

TEST_CASE("cache/memory: lists what is there") {
  FakeClock clock;
  Memory memory({}, clock);
  memory.put("x:1", "123", {5s, {}});
  memory.put("x:2", "1", {1s, {}});
  memory.put("y:1", "1", {});
  clock.advance(2s);
  std::vector<EntryInfo> seen;
  REQUIRE(memory.each("x:", [&](const EntryInfo& info) { seen.push_back(info); }).ok());
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].key == "x:1");
  CHECK(seen[0].bytes == 3);
  CHECK(seen[0].remaining == 3s);
}

TEST_CASE("cache/memory: a value that is being read outlives its eviction") {
  Memory memory({kCost * 20, 1});
  memory.put("held", "12345678", {});
  const Bytes held = memory.get("held");
  for (int i = 0; i < 1000; ++i) memory.put(key_of(i), "12345678", {});
  CHECK(memory.get("held") == nullptr);
  CHECK(*held == "12345678");
}

TEST_CASE("cache/memory: what is asked for stays while a scan of one-time keys passes") {
  Memory memory({kCost * 1000, 1});
  for (int i = 0; i < 500; ++i) memory.put(key_of(i), "12345678", {});
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 500; ++i) memory.get(key_of(i));
  for (int i = 1000; i < 21'000; ++i) memory.put(key_of(i), "12345678", {});
  int there = 0;
  for (int i = 0; i < 500; ++i) there += memory.get(key_of(i)) != nullptr;
  CHECK(there == 500);
}

TEST_CASE("cache/memory: keeps more of a Zipf trace than LRU does") {
  constexpr int kKeys = 20'000, kRoom = 200, kRequests = 200'000;
  std::vector<double> sums;
  for (double sum = 0; static_cast<int>(sums.size()) < kKeys;)
    sums.push_back(sum += 1.0 / static_cast<double>(sums.size() + 1));
  std::mt19937 random(1);
  std::uniform_real_distribution<double> draw(0, sums.back());
  Memory memory({kCost * kRoom, 1});
  std::list<int> recent;
  std::unordered_map<int, std::list<int>::iterator> places;
  int hits = 0, lru_hits = 0;
  for (int i = 0; i < kRequests; ++i) {
    const int key =
        static_cast<int>(std::lower_bound(sums.begin(), sums.end(), draw(random)) - sums.begin());
    if (memory.get(key_of(key))) {
      ++hits;
    } else {
      memory.put(key_of(key), "12345678", {});
    }
    if (const auto place = places.find(key); place != places.end()) {
      ++lru_hits;
      recent.splice(recent.begin(), recent, place->second);
    } else {
      recent.push_front(key);
      places[key] = recent.begin();
      if (recent.size() > kRoom) places.erase(recent.back()), recent.pop_back();
    }
  }
  CAPTURE(100.0 * hits / kRequests);
  CAPTURE(100.0 * lru_hits / kRequests);
  CHECK(hits > lru_hits + kRequests / 100 * 7);
}

TEST_CASE("cache/memory: many threads at once") {
  Memory memory({kCost * 256, 4});
  std::vector<std::jthread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      for (int i = 0; i < 20'000; ++i) {
        const std::string key = key_of(static_cast<int>(random() % 1000));
        if (i % 100 == 0) (void)memory.erase_prefix(key.substr(0, 7));
        if (i % 3 == 0) {
          memory.put(key, key, {});
        } else if (const auto value = memory.get(key); value && *value != key) {
          ++wrong;
        }
      }
    });
  threads.clear();
  CHECK(wrong == 0);
  CHECK(memory.stats().bytes <= kCost * 256);
}
