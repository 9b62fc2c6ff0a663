/// QueryCache: the answers to small queries, kept for a while.
///
/// Thread-safe. What this program writes makes it forget everything; what other programs write is
/// seen when the time is over. Bounded: at kMaxEntries answers or kMaxBytes it begins anew.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "store/query.h"
#include "store/store.h"

namespace m8::store {

/// Rows as they were, away from the database.
class KeptRows {
 public:
  void add(const Row& row);
  Status for_each(const EachRow& each) const;
  /// Memory of the texts.
  std::size_t bytes() const { return bytes_; }

 private:
  std::vector<std::vector<std::string>> rows_;
  std::size_t bytes_ = 0;
};

class QueryCache {
 public:
  static constexpr std::size_t kMaxEntries = 1'000;
  static constexpr std::size_t kMaxBytes = 1u << 20;

  /// \p ttl: how long an answer is good; 0: none is kept. Borrows \p clock.
  explicit QueryCache(std::chrono::milliseconds ttl, Clock& clock = SystemClock::instance())
      : ttl_(ttl), clock_(clock) {}

  bool on() const { return ttl_.count() > 0; }
  /// Null if the answer to \p query is not known, or too old. (Shared by the cache and by who reads
  /// an answer while it is forgotten.)
  std::shared_ptr<const KeptRows> find(const Query& query);
  /// Take it before the query is run, for keep().
  std::uint64_t generation() const;
  /// Remembers \p rows, unless something was written since \p generation.
  void keep(const Query& query, std::shared_ptr<const KeptRows> rows, std::uint64_t generation);
  /// Something was written.
  void forget();
  QueryCacheStats stats() const;

 private:
  struct Answer {
    std::shared_ptr<const KeptRows> rows;
    SteadyTime until;
  };
  struct State {
    std::unordered_map<std::string, Answer> answers;
    std::size_t bytes = 0;
    std::uint64_t generation = 0, hits = 0, misses = 0;
  };

  const std::chrono::milliseconds ttl_;
  Clock& clock_;
  Guarded<State> state_;
};

}  // namespace m8::store
