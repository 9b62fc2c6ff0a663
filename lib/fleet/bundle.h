/// Bundle: the templates and lists of a run in one archive, known by its hash, so that every worker
/// runs the same version.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/temp_file.h"
#include "store/jobs.h"

namespace m8::fleet {

/// Collects paths of this machine and makes the archive. One thread.
class Bundle {
 public:
  /// What stands for \p path, a file or folder, in the arguments of jobs: "@/0" or "@/0/NAME".
  /// kNotFound.
  Result<std::string> add(const std::string& path);
  /// The same for a text of secrets, which nobody else on this machine can read meanwhile. Errors
  /// of temporary files.
  Result<std::string> add_secret(std::string_view text);
  bool empty() const { return packed_.empty(); }
  /// Makes the archive. Errors of pack_archive().
  Status make();
  const std::string& hash() const { return hash_; }
  const std::string& archive() const { return archive_; }
  /// The path here of "/0/more" in the archive.
  std::string original(std::string_view path) const;

 private:
  struct Entry {
    std::string path, name;  ///< as base's Packed
    std::string folder;      ///< what "/0" stands for
  };
  std::vector<Entry> packed_;
  std::vector<TempDirectory> secrets_;  ///< until the archive is made
  std::string hash_, archive_;
};

/// Where bundles are kept between the machines: the store, or a folder that all of them see.
class BundleShelf {
 public:
  /// \p folder: empty for the store. \p jobs is borrowed.
  BundleShelf(store::Jobs& jobs, std::string folder) : jobs_(jobs), folder_(std::move(folder)) {}
  Status put(const Bundle& bundle, WallTime now);
  /// kNotFound; kCorrupt if it is not what its hash says.
  Result<std::string> get(const std::string& hash);

 private:
  store::Jobs& jobs_;
  const std::string folder_;
};

/// Unpacked bundles of a worker. Thread-safe.
class BundleCache {
 public:
  /// \p folder is made if need be. \p shelf is borrowed.
  BundleCache(BundleShelf& shelf, std::string folder) : shelf_(shelf), folder_(std::move(folder)) {}
  /// The folder that "@" stands for; unpacked at the first call. Errors of get() and of unpacking.
  Result<std::string> folder(const std::string& hash);

 private:
  Status unpack(const std::string& hash, const std::string& into);

  BundleShelf& shelf_;
  const std::string folder_;
  std::mutex mutex_;
};

}  // namespace m8::fleet
