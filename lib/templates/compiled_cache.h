/// CompiledCache: the trees of template files in one memory-mapped file, so that a later run reads
/// no YAML and checks no regular expression again.
///
/// A record counts for the file of the same path, size and modification time, else for the same
/// path and content. Nothing in the file is believed: the header names format, program and length;
/// header, index and records have checksums; every read is bounded. What is wrong is as if it were
/// not there. Writing goes to a temporary file beside it and ends with a rename, so that readers
/// see the old file or the new one. find() and put() may be called from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::templates {

class CompiledCache {
 public:
  struct Options {
    std::string path;     ///< of the cache file; its folder must exist for it to be written
    std::string program;  ///< what writes it: a file of another program is foreign
    /// Now, in ns since 1970. A file that changed in the last 100 ms is not kept: another change
    /// might bear the same time.
    std::int64_t now_ns = 0;
  };
  /// Tells that a file has not changed.
  struct Stamp {
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  /// Borrowed from the map, or from who puts it.
  struct Record {
    std::string_view source;  ///< for unpack_source()
    std::string_view digest;  ///< of the text: digest_of()
    std::string_view needs;   ///< of its blocks (templates/proven.h), if it is proven
    bool proven = false;      ///< the template is known to compile
  };

  /// Keeps what find() gives alive, beyond this.
  std::shared_ptr<const void> owner() const;

  /// Maps the file. Never fails: state() tells what was wrong with it.
  explicit CompiledCache(Options options);
  ~CompiledCache();
  CompiledCache(const CompiledCache&) = delete;
  CompiledCache& operator=(const CompiledCache&) = delete;

  /// Nothing if there is no regular file at \p path.
  static std::optional<Stamp> stamp_of(const std::string& path);
  /// 32 bytes.
  static std::string digest_of(std::string_view text);

  /// "ok", "none", or why the file is not used ("of another program", "broken", ...).
  const std::string& state() const;
  std::size_t size() const;  ///< records mapped

  std::optional<Record> find(std::string_view path, const Stamp& stamp) const;
  std::optional<Record> find(std::string_view path, std::string_view digest) const;

  /// Notes a record for commit(). \p stamp was taken before the text was read.
  void put(std::string_view path, const Stamp& stamp, const Record& record);
  /// Writes the file if anything was put, with the old records of files that are still there. kIo,
  /// kDenied, kExhausted: nothing is lost but time. REQUIRES: no put() at the same time; the last
  /// call.
  Status commit();

 private:
  class Map;
  class Writer;
  const Options options_;
  std::shared_ptr<Map> map_;  ///< shared with templates that are compiled later
  std::unique_ptr<Writer> writer_;
};

}  // namespace m8::templates
