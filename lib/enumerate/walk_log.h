/// WalkLog: how far the NSEC chains of zones were walked, in a file, so that a run that goes on
/// after a kill walks on from there.
///
/// One line for each name, "ZONE NAME"; it is read only to go on. add() and save() may be called by
/// different threads; the rest before the engine runs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace m8::enumerate {

class WalkLog {
 public:
  /// The file \p path; with \p go_on what it holds is known, else it begins anew. Lines that are no
  /// names inside their zone are passed over. kIo and the like.
  static Result<std::unique_ptr<WalkLog>> open(const std::string& path, bool go_on);

  /// The names of an earlier session, in the chain's order, and forgets them. Empty if there are
  /// none.
  std::vector<std::string> take(const std::string& zone);
  /// \p name is the next one of the chain of \p zone.
  void add(std::string_view zone, std::string_view name);
  /// Writes what add() heard of before this call. Errors of the file.
  Status save();
  /// The run is done: the file goes.
  void remove();

 private:
  WalkLog(std::string path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  Status read();

  const std::string path_;
  Fd fd_;
  std::map<std::string, std::vector<std::string>> known_;  ///< by zone
  std::mutex mutex_;
  std::string fresh_;  ///< guarded by mutex_
};

}  // namespace m8::enumerate
