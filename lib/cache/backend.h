/// Backend: where a cache keeps things: this process's memory, files, or a Redis.
///
/// Thread-safe. Keys and values are bytes. Whatever goes wrong while reading or writing is a miss
/// and is counted: who uses a cache can always do without it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace m8::cache {

/// A value: shared by the backend and by who reads it while it is forgotten. Null: there is none.
using Bytes = std::shared_ptr<const std::string>;

/// How something is kept.
struct Keep {
  std::chrono::milliseconds ttl{0};  ///< 0: until there is no room for it
  std::vector<std::string> tags;     ///< for erase_tag(); few and short
};

/// What a backend has and did. Counts are of this process.
struct BackendStats {
  std::uint64_t entries = 0;      ///< there now; 0 where only the server knows
  std::uint64_t bytes = 0;        ///< their memory, or size on disk
  std::uint64_t limit_bytes = 0;  ///< 0: none of ours
  std::uint64_t evicted = 0;      ///< went for want of room
  std::uint64_t expired = 0;      ///< went because their time was over
  std::uint64_t refused = 0;      ///< too large, or nobody was there to take them
  std::uint64_t failures = 0;     ///< reads and writes that went wrong or took too long
  std::string state;              ///< "ok", or why there are only misses
};

/// One entry, for lists.
struct EntryInfo {
  std::string key;
  std::uint64_t bytes = 0;                 ///< of the value
  std::chrono::milliseconds remaining{0};  ///< 0: no end is set
};

/// What all processes together asked a cache for.
struct NamedCounts {
  std::string name;
  std::uint64_t hits = 0, misses = 0;
};

class Backend {
 public:
  using Done = std::function<void(Bytes)>;
  using Visit = std::function<void(const EntryInfo&)>;
  virtual ~Backend() = default;

  /// Null if it is not there, too old, or can't be had in time.
  virtual Bytes get(std::string_view key) = 0;
  /// get() of each of \p keys, in their order, in one round trip.
  virtual std::vector<Bytes> get_many(std::span<const std::string> keys);
  /// get() for who must not wait: calls \p done exactly once, from any thread, possibly before
  /// returning.
  virtual void get_later(std::string_view key, Done done);
  /// Replaces what was there. May return before it is done; a get() by the same thread sees it.
  virtual void put(std::string_view key, std::string value, const Keep& keep) = 0;

  /// Forget what bears this key, begins with it, or has this tag. How many there were; kNetwork,
  /// kTimeout, kIo if that could not be made sure. O(entries) in memory and on disk.
  virtual Result<std::uint64_t> erase(std::string_view key) = 0;
  virtual Result<std::uint64_t> erase_prefix(std::string_view prefix) = 0;
  virtual Result<std::uint64_t> erase_tag(std::string_view tag) = 0;

  /// Visits what is there and begins with \p prefix, in no order. Errors as erase().
  virtual Status each(std::string_view prefix, const Visit& visit) = 0;
  /// Whether it answers now: ok, or kNetwork, kRefused, kTimeout, kDenied with the reason.
  virtual Status check() = 0;
  /// Adds to the counts that outlast this process, where the backend does.
  virtual void count(std::string_view name, std::uint64_t hits, std::uint64_t misses);
  virtual Result<std::vector<NamedCounts>> counts();
  virtual BackendStats stats() = 0;
  /// What it is, without secrets: "memory", "redis://host:6379/0", a folder.
  virtual std::string name() const = 0;
};

}  // namespace m8::cache
