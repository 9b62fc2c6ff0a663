// `m8 bench cache`: hits of the cache in memory and what they cost, against LRU in the same run;
// and a Redis of its own, against redis-benchmark.
#include "cache/cache.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <list>
#include <mutex>
#include <random>
#include <unordered_map>

#include <fmt/format.h>
#include <time.h>

#include "base/file.h"
#include "base/hash.h"
#include "bench/redis_server.h"
#include "bench/registry.h"
#include "cache/memory.h"
#include "cache/redis.h"
#include "cli/make_flag.h"

namespace m8::bench {
namespace {

using namespace std::chrono_literals;

constexpr double kMostPerHit = 150;   // ns of CPU
constexpr double kLeastAboveLru = 7;  // points
constexpr int kHits = 2'000'000;
constexpr int kInFlight = 64;
constexpr auto kWait = 60s;
const std::string kValue = "12345678";

std::string key_of(std::uint32_t number) { return fmt::format("k{:07}", number); }

double thread_cpu_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/// \p requests numbers below \p keys; the n-th is drawn 1/n as often as the first.
std::vector<std::uint32_t> zipf(std::size_t keys, std::size_t requests) {
  std::vector<double> sums;
  sums.reserve(keys);
  for (double sum = 0; sums.size() < keys;)
    sums.push_back(sum += 1.0 / static_cast<double>(sums.size() + 1));
  std::mt19937_64 random(20261128);
  std::uniform_real_distribution<double> draw(0, sums.back());
  std::vector<std::uint32_t> trace(requests);
  for (auto& number : trace)
    number = static_cast<std::uint32_t>(std::lower_bound(sums.begin(), sums.end(), draw(random)) -
                                        sums.begin());
  return trace;
}

/// What most write first: a lock, a map, and a list with the last used in front.
class Lru {
 public:
  explicit Lru(std::size_t entries) : most_(entries) {}
  cache::Bytes get(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->second;
  }
  void put(const std::string& key, const std::string& value) {
    const std::lock_guard lock(mutex_);
    order_.emplace_front(key, std::make_shared<const std::string>(value));
    places_[key] = order_.begin();
    if (order_.size() <= most_) return;
    places_.erase(order_.back().first);
    order_.pop_back();
  }

 private:
  using Order = std::list<std::pair<std::string, cache::Bytes>>;
  std::mutex mutex_;
  const std::size_t most_;
  Order order_;
  std::unordered_map<std::string, Order::iterator, SeededHash, std::equal_to<>> places_;
};

/// Percent of \p trace that \p cache has; what it has not is put.
template <typename Kept>
double hit_percent(Kept& cache, const std::vector<std::uint32_t>& trace) {
  std::size_t hits = 0;
  for (const auto number : trace) {
    const std::string key = key_of(number);
    if (cache.get(key)) {
      ++hits;
    } else {
      cache.put(key, kValue);
    }
  }
  return 100.0 * static_cast<double>(hits) / static_cast<double>(trace.size());
}

std::size_t room_for(std::size_t entries) {
  return entries * cache::Memory::cost_of(std::string("bench:1:").size() + 8, kValue.size());
}

Status measure_hits(const Context& context, Report& report) {
  const auto keys = context.flags.number<std::size_t>("keys");
  const auto requests = context.flags.number<std::size_t>("requests");
  const std::size_t room = std::max<std::size_t>(keys / 100, 1);
  context.progress(
      fmt::format("cache: {} requests for {} keys, room for {}", requests, keys, room));
  const auto trace = zipf(keys, requests);
  cache::Memory memory({.limit_bytes = room_for(room), .shards = 0});
  cache::Cache cache({"bench", "1", 1h}, memory);
  Lru lru(room);
  Row& ratio = report.row("hit ratio", "%");
  ratio.peer_name = "LRU";
  ratio.ours.add(hit_percent(cache, trace));
  ratio.peer.add(hit_percent(lru, trace));
  report.row("above LRU", "points", Bar::at_least(kLeastAboveLru))
      .ours.add(ratio.ours.median() - ratio.peer.median());
  const auto stats = memory.stats();
  if (stats.bytes > stats.limit_bytes || stats.entries > room)
    return Error{ErrorCode::kInternal, "the cache holds more than it has room for"};
  report.note(fmt::format("Zipf(1.0), {} requests, {} keys, room for {}; {} are in it at the end",
                          requests, keys, room, stats.entries));
  return {};
}

/// CPU of one hit, in ns. kInternal if one is missed.
template <typename Kept>
Result<double> per_hit(Kept& cache, const std::vector<std::string>& keys,
                       const std::vector<std::uint32_t>& trace) {
  std::size_t bytes = 0;
  const double before = thread_cpu_ns();
  for (const auto number : trace) {
    const auto value = cache.get(keys[number]);
    if (value) bytes += value->size();
  }
  const double took = thread_cpu_ns() - before;
  if (bytes != trace.size() * kValue.size())
    return Error{ErrorCode::kInternal, "the cache missed what it has"};
  return took / static_cast<double>(trace.size());
}

Status measure_cost(const Context& context, Report& report) {
  constexpr std::uint32_t kKept = 10'000;
  const auto trace = zipf(kKept, kHits);
  std::vector<std::string> keys;
  for (std::uint32_t i = 0; i < kKept; ++i) keys.push_back(key_of(i));
  cache::Memory memory({.limit_bytes = 2 * room_for(kKept), .shards = 0});
  cache::Cache cache({"bench", "1", 1h}, memory);
  Lru lru(kKept);
  for (const auto& key : keys) {
    cache.put(key, kValue);
    lru.put(key, kValue);
  }
  Row& row = report.row("CPU per hit", "ns", Bar::at_most(kMostPerHit));
  row.peer_name = "LRU";
  const auto ours = [&]() -> Status {
    row.ours.add(M8_TRY(per_hit(cache, keys, trace)));
    return {};
  };
  const auto peer = [&]() -> Status {
    row.peer.add(M8_TRY(per_hit(lru, keys, trace)));
    return {};
  };
  return alternate(context, ours, peer);
}

// ---- Redis --------------------------------------------------------------------------------------

/// Reads \p count times with kInFlight of them under way, and waits for all. Reads a second.
Result<double> pipelined_reads(cache::Redis& redis, const std::vector<std::string>& keys, int count,
                               Clock& clock) {
  std::mutex mutex;
  std::condition_variable fewer;
  int under_way = 0, hits = 0;
  const SteadyTime begin = clock.now();
  for (int i = 0; i < count; ++i) {
    {
      std::unique_lock lock(mutex);
      fewer.wait(lock, [&] { return under_way < kInFlight; });
      ++under_way;
    }
    redis.get_later(keys[static_cast<std::size_t>(i) % keys.size()],
                    [&](const cache::Bytes& value) {
                      const std::lock_guard lock(mutex);
                      hits += value && *value == kValue ? 1 : 0;
                      if (--under_way < kInFlight / 2) fewer.notify_one();
                    });
  }
  std::unique_lock lock(mutex);
  fewer.wait(lock, [&] { return under_way == 0; });
  if (hits != count) return Error{ErrorCode::kInternal, "Redis missed what it has"};
  return count / std::chrono::duration<double>(clock.now() - begin).count();
}

/// Gets a second as redis-benchmark tells them, with one connection.
Result<double> redis_benchmark(const Context& context, const RedisServer& server, int count) {
  ChildOptions options;
  options.arguments = {M8_TRY(context.peer_program("redis-benchmark", "redis-tools")),
                       "-p",
                       std::to_string(server.port()),
                       "-c",
                       "1",
                       "-P",
                       std::to_string(kInFlight),
                       "-n",
                       std::to_string(count),
                       "-d",
                       "8",
                       "-t",
                       "get",
                       "--csv"};
  const std::string out = context.temp_directory + "/redis-benchmark.csv";
  options.output = ChildStream::file(out);
  options.errors = ChildStream::file(context.temp_directory + "/redis-benchmark.err");
  M8_TRY(run_checked(context, options, kWait));
  const std::string text = M8_TRY(read_file(out));
  const std::size_t at = text.find("\"GET\",\"");
  double value = 0;
  if (at != text.npos) std::from_chars(text.data() + at + 7, text.data() + text.size(), value);
  if (value <= 0) return Error{ErrorCode::kInternal, "redis-benchmark said nothing"};
  return value;
}

Status measure_redis(const Context& context, Report& report) {
  const auto program = context.peer_program("redis-server", "redis-server");
  if (!program.ok()) {
    report.note("no Redis rows: " + program.error().message);
    return {};
  }
  const auto server =
      M8_TRY(RedisServer::start(context.temp_directory, context.clock, 0, {}, *program));
  cache::Redis::Options options;
  options.link.url = M8_TRY(cache::RedisUrl::parse(server.url()));
  options.timeout = 10s;
  const auto redis = M8_TRY(cache::Redis::open(std::move(options)));
  M8_TRY(redis->check());
  std::vector<std::string> keys;
  for (std::uint32_t i = 0; i < 1000; ++i) keys.push_back(key_of(i));
  for (const auto& key : keys) redis->put(key, kValue, {});
  const int count = context.flags.number<int>("reads");
  Row& one = report.row("Redis, one at a time", "us/read");
  Row& many = report.row(fmt::format("Redis, {} in flight", kInFlight), "reads/s");
  many.peer_name = "redis-benchmark -c 1";
  const auto ours = [&]() -> Status {
    const SteadyTime begin = context.clock.now();
    for (const auto& key : keys)
      if (!redis->get(key)) return Error{ErrorCode::kInternal, "Redis missed what it has"};
    const std::chrono::duration<double, std::micro> took = context.clock.now() - begin;
    one.ours.add(took.count() / static_cast<double>(keys.size()));
    many.ours.add(M8_TRY(pipelined_reads(*redis, keys, count, context.clock)));
    return {};
  };
  const auto peer = [&]() -> Status {
    many.peer.add(M8_TRY(redis_benchmark(context, server, count)));
    return {};
  };
  return alternate(context, ours, peer);
}

Result<Report> run(const Context& context) {
  Report report("cache");
  M8_TRY(measure_hits(context, report));
  M8_TRY(measure_cost(context, report));
  M8_TRY(measure_redis(context, report));
  return report;
}

std::vector<cli::Flag> flags() {
  const auto number = [](const char* name, const char* initial, long long most, const char* brief) {
    return cli::typed(cli::with_default(cli::valued("Benchmark", name, {}, "N", brief), initial),
                      cli::ValueType::number(100, most));
  };
  return {number("keys", "1000000", 10'000'000, "keys of the trace; the cache has room for 1 %"),
          number("requests", "10000000", 100'000'000, "requests of the trace"),
          number("reads", "200000", 10'000'000, "reads from Redis")};
}

}  // namespace

extern const Workload kCacheBench;
const Workload kCacheBench{"cache", "hits, what they cost, and Redis", flags, run};

}  // namespace m8::bench
