#include "cache/files.h"

#include <filesystem>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/file.h"
#include "base/temp_file.h"
#include "cache/cache.h"
#include "cache/kept_file.h"

using namespace m8;
using namespace m8::cache;
using namespace std::chrono_literals;

namespace {

struct Folder {
  TempDirectory temp = TempDirectory::create("/tmp").value();
  FakeClock clock;
  Files files(std::uint64_t limit = 1u << 30) {
    return Files({.folder = temp.path() + "/m8", .limit_bytes = limit}, clock);
  }
};

std::string text(const Bytes& bytes) { return bytes ? *bytes : "(none)"; }

}  // namespace

TEST_CASE("cache/files: another process finds what one has put, until its time is over") {
  Folder folder;
  const std::string value("a\0\n\xff", 4);
  folder.files().put("answers:1:k", value, {1h, {}});
  folder.files().put("answers:1:ever", "v", {});
  CHECK(text(folder.files().get("answers:1:k")) == value);
  CHECK(folder.files().get("answers:2:k") == nullptr);
  folder.clock.advance(1h);
  CHECK(folder.files().get("answers:1:k") == nullptr);
  CHECK(text(folder.files().get("answers:1:ever")) == "v");
  CHECK(folder.files().stats().entries == 1);
}

TEST_CASE("cache/files: a damaged file is none") {
  Folder folder;
  Files files = folder.files();
  files.put("a:1:k", "value", {});
  const std::filesystem::path place =
      std::filesystem::directory_iterator(folder.temp.path() + "/m8/a")->path();
  const std::string good = read_file(place).value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    REQUIRE(write_file_atomically(place, bad).ok());
    const auto value = files.get("a:1:k");
    // The time at which it ends is not part of the hash.
    CHECK((value == nullptr || *value == "value"));
    REQUIRE(write_file_atomically(place, good.substr(0, i)).ok());
    CHECK(files.get("a:1:k") == nullptr);
  }
}

TEST_CASE("cache/files: forgets by key, by prefix and by tag") {
  Folder folder;
  Files files = folder.files();
  files.put("x:1:1", "1", {0ms, {"red", "big"}});
  files.put("x:1:2", "2", {0ms, {"red"}});
  files.put("y:1:1", "3", {0ms, {"big"}});
  CHECK(files.erase_tag("red").value() == 2);
  CHECK(files.get("y:1:1"));
  files.put("x:1:1", "1", {});
  CHECK(files.erase_prefix("x:").value() == 1);
  CHECK(files.erase("y:1:1").value() == 1);
  CHECK(files.erase("y:1:1").value() == 0);
  CHECK(files.stats().entries == 0);
}

TEST_CASE("cache/files: lists what is there, and counts for all processes") {
  Folder folder;
  Files files = folder.files();
  for (int i = 0; i < 2; ++i) {
    Cache cache({"a", "1", 1h}, files);
    cache.put("k", "123");
    cache.get("k");
    cache.get("l");
  }
  std::vector<EntryInfo> seen;
  REQUIRE(files.each("a:", [&](const EntryInfo& info) { seen.push_back(info); }).ok());
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].key == "a:1:k");
  CHECK(seen[0].bytes == 3);
  CHECK(seen[0].remaining == 1h);
  const auto counts = files.counts();
  REQUIRE(counts.ok());
  REQUIRE(counts->size() == 1);
  CHECK((*counts)[0].hits == 2);
  CHECK((*counts)[0].misses == 2);
}

TEST_CASE("cache/files: the oldest go when there is no room") {
  Folder folder;
  Files files = folder.files(1'000'000);
  for (int i = 0; i < 1000; ++i) files.put(fmt::format("a:1:{}", i), "v", {});  // 4096 bytes each
  const BackendStats stats = files.stats();
  CHECK(stats.bytes <= 1'000'000);
  CHECK(stats.entries > 100);
  CHECK(stats.evicted + stats.entries == 1000);
}

TEST_CASE("cache/files: a folder that can't be made is a miss") {
  FakeClock clock;
  Files files({.folder = "/dev/null/x"}, clock);
  files.put("a:1:k", "v", {});
  CHECK(files.get("a:1:k") == nullptr);
  CHECK(files.stats().failures > 0);
}

TEST_CASE("cache/kept_file: text and back") {
  const KeptFile file{12, "k\n", {"t1", "t2"}, std::string("v\0", 2)};
  const auto read = KeptFile::parse(file.to_text());
  REQUIRE(read.ok());
  CHECK(read->expires_ms == 12);
  CHECK(read->key == file.key);
  CHECK(read->tags == file.tags);
  CHECK(read->value == file.value);
  for (const char* bad : {"", "m8 kept 1 ", "m8 kept 1 1 1 1\n", "m8 kept 1 0 9 0 0 0\nk",
                          "m8 kept 1 -1 0 0 0 0\n", "m8 kept 2 0 0 0 0 0\n"})
    CHECK_FALSE(KeptFile::parse(bad).ok());
}
