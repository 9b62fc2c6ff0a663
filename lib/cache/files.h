/// Files: a backend of one file for each entry, for what shall outlast the process.
///
/// FOLDER/NAME/HASH for the key NAME:VERSION:KEY. Written beside its place and renamed, so any
/// number of processes may share a folder; a file that is damaged is none. Nothing is synced: what
/// a crash of the machine takes is asked for again.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "cache/backend.h"

namespace m8::cache {

class Files final : public Backend {
 public:
  struct Options {
    std::string folder;                      ///< made when something is put
    std::uint64_t limit_bytes = 512u << 20;  ///< on disk; above it the oldest go
    std::size_t largest_value = 64u << 20;   ///< larger ones are refused
  };
  explicit Files(Options options, Clock& clock = SystemClock::instance());

  Bytes get(std::string_view key) override;
  /// Every 1000th looks for what is over, and for room.
  void put(std::string_view key, std::string value, const Keep& keep) override;
  Result<std::uint64_t> erase(std::string_view key) override;
  Result<std::uint64_t> erase_prefix(std::string_view prefix) override;
  Result<std::uint64_t> erase_tag(std::string_view tag) override;
  Status each(std::string_view prefix, const Visit& visit) override;
  /// kDenied, kIo if the folder can't be written.
  Status check() override;
  void count(std::string_view name, std::uint64_t hits, std::uint64_t misses) override;
  Result<std::vector<NamedCounts>> counts() override;
  BackendStats stats() override;
  std::string name() const override { return options_.folder; }

 private:
  std::string path_of(std::string_view key) const;
  template <typename Match>
  std::uint64_t erase_if(const Match& match);
  void sweep();

  const Options options_;
  Clock& clock_;
  std::atomic<std::uint64_t> puts_{0}, evicted_{0}, expired_{0}, refused_{0}, failures_{0};
};

}  // namespace m8::cache
