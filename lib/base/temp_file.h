/// Temporary files and directories that go when their guard goes, also on a signal-driven exit.
///
/// Names carry the process id: `m8-<pid>-<random>`. What a dead process left behind is removed by
/// remove_stale(), which every program calls at start.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace m8 {

/// A file of mode 0600 in \p directory (default $TMPDIR or /tmp, passed in by the program).
class TempFile {
 public:
  static Result<TempFile> create(const std::string& directory);
  ~TempFile();
  TempFile(TempFile&&) noexcept;
  TempFile& operator=(TempFile&&) noexcept;
  const std::string& path() const { return path_; }
  int fd() const { return fd_.get(); }
  /// Gives the file to \p path (rename) instead of removing it.
  Status keep_as(const std::string& path);

 private:
  TempFile(std::string path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  Fd fd_;
};

/// A directory of mode 0700, removed with all that is in it.
class TempDirectory {
 public:
  static Result<TempDirectory> create(const std::string& directory);
  ~TempDirectory();
  TempDirectory(TempDirectory&&) noexcept;
  TempDirectory& operator=(TempDirectory&&) noexcept;
  const std::string& path() const { return path_; }

 private:
  explicit TempDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// Removes m8-<pid>-* in \p directory of processes of this user that are no more; returns how many.
int remove_stale_temp(const std::string& directory);

}  // namespace m8
