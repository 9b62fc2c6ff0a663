/// Redis: a backend that several processes and machines share (Redis 4 or later, or what speaks its
/// protocol).
///
/// Whatever is wrong with it is a miss: not there, slow, full, or none at all. Keys are "m8:KEY".
/// Entries live for 30 days at most, so that what nobody asks for goes.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "cache/backend.h"
#include "cache/redis_link.h"

namespace m8::cache {

class Redis final : public Backend {
 public:
  struct Options {
    RedisLink::Options link;
    std::chrono::milliseconds timeout{100};  ///< of get() and put()
    /// Of each step of what is asked for by a person: erase, each, check.
    std::chrono::milliseconds patience{5'000};
  };

  /// Begins to connect in the background. Errors of RedisLink::start().
  static Result<std::unique_ptr<Redis>> open(Options options);

  Bytes get(std::string_view key) override;
  std::vector<Bytes> get_many(std::span<const std::string> keys) override;
  void get_later(std::string_view key, Done done) override;
  void put(std::string_view key, std::string value, const Keep& keep) override;
  Result<std::uint64_t> erase(std::string_view key) override;
  /// O(all keys of the server).
  Result<std::uint64_t> erase_prefix(std::string_view prefix) override;
  /// Also what had the tag before it was put again without.
  Result<std::uint64_t> erase_tag(std::string_view tag) override;
  Status each(std::string_view prefix, const Visit& visit) override;
  Status check() override;
  void count(std::string_view name, std::uint64_t hits, std::uint64_t misses) override;
  Result<std::vector<NamedCounts>> counts() override;
  /// Bytes and their limit are the server's, of all it holds.
  BackendStats stats() override;
  std::string name() const override { return name_; }

 private:
  explicit Redis(const Options& options);
  Result<RedisReply> one(RedisCommand command);
  Result<std::vector<std::string>> scan(std::string& cursor, const std::string& pattern);
  Result<std::uint64_t> unlink(std::vector<std::string> keys);

  const std::chrono::milliseconds timeout_, patience_;
  const std::string name_;
  std::atomic<std::uint64_t> refused_{0}, failures_{0};
  std::unique_ptr<RedisLink> link_;  ///< the last: its callbacks count
};

}  // namespace m8::cache
