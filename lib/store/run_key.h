/// RunKey: what the pieces of a run depend on, as "NAME:HASH ..." (Continuation::key).
///
/// Plain value, one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace m8::store {

class RunKey {
 public:
  void add(std::string_view name, const std::vector<std::string>& texts);
  /// The content of the file \p path; nothing of an empty path. A pipe makes text() empty. Errors
  /// of reading it. O(bytes).
  Status add_file(std::string_view name, const std::string& path);
  /// Input that can't be read a second time: text() is empty from now on.
  void add_stream() { again_ = false; }
  /// Empty if a run with this key could not be gone on with.
  std::string text() const { return again_ ? text_ : std::string(); }

 private:
  void add_hash(std::string_view name, std::string_view hash);

  std::string text_;
  bool again_ = true;
};

}  // namespace m8::store
