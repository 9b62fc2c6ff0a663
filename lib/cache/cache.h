/// Cache: one kind of thing that is kept ("dns", "answers", ...), in a backend that others share.
///
///     cache::Cache answers({"answers", "1", std::chrono::hours(6)}, backend);
///     if (const auto kept = answers.get(key)) use(*kept);
///
/// Thread-safe. Counts its own hits and misses, also as m8_cache_requests_total of its name. In the
/// backend a key is NAME:VERSION:KEY; with another version (of the format, of what a value was made
/// from) nothing old is found any more.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "cache/backend.h"
#include "metrics/metrics.h"

namespace m8::cache {

/// Hits and misses of one cache, in this process.
struct CacheStats {
  std::string name;
  std::uint64_t hits = 0, misses = 0, puts = 0;
  std::uint64_t loads = 0;   ///< misses for which get_or_load() called its loader
  std::uint64_t shared = 0;  ///< callers that waited for another's load
  /// 0..1; 0 if nothing was asked.
  double hit_ratio() const {
    return hits + misses == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(hits + misses);
  }
};

class Cache {
 public:
  struct Options {
    std::string name;                  ///< a-z, 0-9, '-'
    std::string version = "1";         ///< without ':'
    std::chrono::milliseconds ttl{0};  ///< for what is put without one; 0: until there is no room
  };
  /// What a loader came to.
  struct Loaded {
    std::string value;
    Keep keep;
  };
  using Loader = std::function<Result<Loaded>()>;

  /// Borrows \p backend.
  Cache(Options options, Backend& backend);
  /// Leaves its counts with the backend.
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  /// Null if it is not there.
  Bytes get(std::string_view key);
  std::vector<Bytes> get_many(const std::vector<std::string>& keys);
  /// For who must not wait; see Backend::get_later(). The cache must outlive the call of \p done.
  void get_later(std::string_view key, Backend::Done done);
  void put(std::string_view key, std::string value, Keep keep = {});

  /// The value of \p key; if there is none, what \p load gives, which is kept. Of those who ask for
  /// one key at the same time, one loads and the others wait for it; its error is theirs too (a
  /// kCancelled is not: the next one loads). kCancelled after a stop.
  Result<Bytes> get_or_load(std::string_view key, const Loader& load, std::stop_token stop);

  /// See Backend. All are of this cache and version alone, but for erase_all().
  Result<std::uint64_t> erase(std::string_view key);
  Result<std::uint64_t> erase_prefix(std::string_view prefix);
  Result<std::uint64_t> erase_tag(std::string_view tag);
  Result<std::uint64_t> erase_all();  ///< of every version

  CacheStats stats() const;
  const std::string& name() const { return options_.name; }

 private:
  /// A load that is under way; shared by who loads and who waits.
  struct Flight {
    std::mutex mutex;
    std::condition_variable_any ended;
    bool over = false;
    Result<Bytes> result{Bytes()};
  };
  using Flights =
      std::unordered_map<std::string, std::shared_ptr<Flight>, SeededHash, std::equal_to<>>;

  Bytes counted(Bytes value);
  std::string_view full_key(std::string_view key) const;
  std::string full_tag(std::string_view tag) const;
  Result<Bytes> fly(std::string_view key, Flight& flight, const Loader& load);

  const Options options_;
  const std::string prefix_;  ///< NAME:VERSION:
  Backend& backend_;
  std::mutex mutex_;
  Flights flights_;  ///< guarded by mutex_
  std::atomic<std::uint64_t> hits_{0}, misses_{0}, puts_{0}, loads_{0}, shared_{0};
  metrics::Counter &all_hits_, &all_misses_;  ///< of this name in the process
};

}  // namespace m8::cache
