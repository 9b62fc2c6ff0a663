/// jq programs on JSON documents.
///
/// libjq 1.6 can be neither interrupted nor bounded from inside, so it runs in a helper process: a
/// fork of this one that runs nothing else, has no descriptor but its socket, and may use 256 MB
/// more memory. One that takes too long is killed; the next call starts another. Started at first
/// use; ends with this process.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace m8::match {

/// One value that a program gave.
struct JqValue {
  bool is_string = false;
  std::string text;  ///< the string itself, or compact JSON with sorted keys
};

/// The values of \p program on \p document (JSON, at most 16 MiB; its objects are walked in the
/// order of their names) up to its end or its first error; at most 10,000 values or 4 MiB. Any
/// thread; one call runs at a time. kInvalidArgument: not jq; kTimeout: took longer than \p limit
/// (of CPU, too); kExhausted: the helper could not start, or ran out of memory.
Result<std::vector<JqValue>> run_jq(const std::string& program, std::string_view document,
                                    std::chrono::milliseconds limit);

/// The programs that this thread makes extractors of while one of these lives. They are compiled
/// where they first run, for one costs 30 ms: who wants to know now asks refused_jq().
class JqPrograms {
 public:
  JqPrograms();
  ~JqPrograms();
  JqPrograms(const JqPrograms&) = delete;
  JqPrograms& operator=(const JqPrograms&) = delete;

  /// Adds \p program to this thread's innermost one, if there is any.
  static void note(const std::string& program);
  std::vector<std::string>& all() { return all_; }

 private:
  JqPrograms* const outer_;
  std::vector<std::string> all_;
};

/// Those of \p programs that are not jq; some 50 ms for every 50 of them. None is run. What could
/// not be told, because the helper did not start, is not among them.
std::vector<std::string> refused_jq(std::span<const std::string> programs);

/// \p program in the words of libjq 1.6, which refuses what later dialects allow: `.a.[0]` and
/// `.[1].[]` become `.a[0]` and `.[1][]`, an `if` gets its `else`, and trim, ltrim, rtrim, abs,
/// toarray and pick are defined where they are used. Strings stay as they are.
std::string portable_jq(std::string_view program);

}  // namespace m8::match
