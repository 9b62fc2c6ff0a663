/// Memory: a backend in this process: bounded by bytes, in shards, evicting by S3-FIFO.
///
/// New entries pass a small queue (a tenth of the room); who is asked for again there moves to the
/// main queue, the others go and leave their hash in a ghost queue; who comes back from there goes
/// to the main queue at once. A hit moves nothing: it counts up to three. Source: Yang, Zhang, Qiu,
/// Yue, Rashmi, "FIFO queues are all you need for cache eviction", SOSP 2023.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cache/backend.h"

namespace m8::cache {

class Memory final : public Backend {
 public:
  struct Options {
    std::size_t limit_bytes = 32u << 20;  ///< keys, values and what it takes to keep them
    int shards = 0;                       ///< each with a lock of its own; 0: by the limit, 1..16
  };
  /// Borrows \p clock.
  explicit Memory(Options options, Clock& clock = SystemClock::instance());
  ~Memory() override;

  /// About 0.1 us for what is there.
  Bytes get(std::string_view key) override;
  /// What takes more than a tenth of a shard is refused.
  void put(std::string_view key, std::string value, const Keep& keep) override;
  Result<std::uint64_t> erase(std::string_view key) override;
  Result<std::uint64_t> erase_prefix(std::string_view prefix) override;
  Result<std::uint64_t> erase_tag(std::string_view tag) override;
  Status each(std::string_view prefix, const Visit& visit) override;
  Status check() override { return {}; }
  BackendStats stats() override;
  std::string name() const override { return "memory"; }

  /// What an entry without tags counts for.
  static std::size_t cost_of(std::size_t key_bytes, std::size_t value_bytes);

 private:
  class Shard;
  Shard& shard_of(std::uint64_t hash) const;
  template <typename Match>
  std::uint64_t erase_if(const Match& match);

  Clock& clock_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace m8::cache
