/// PayloadValues: the values of one payload, in memory or, of a large file, where they lie.
///
/// Immutable, shared by all targets; copies are cheap. Thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace m8::protocols {

class PayloadValues {
 public:
  PayloadValues() = default;
  explicit PayloadValues(std::vector<std::string> values);
  /// The lines of the file \p path but the empty ones, without their ends. More than a megabyte is
  /// mapped: that costs 8 bytes of memory for every 64 lines, and must not be cut off while this
  /// lives (values that are cut off then are empty). Errors of opening; kInvalidArgument for what
  /// is no regular file.
  static Result<PayloadValues> of_file(const std::string& path);

  std::size_t size() const { return size_; }
  /// Borrowed. In memory at once; in a file in some microseconds. REQUIRES: i < size().
  std::string_view operator[](std::size_t i) const;
  /// Calls \p visit with each, in order: quicker than one by one.
  void each(const std::function<void(std::size_t, std::string_view)>& visit) const;
  /// Some value must be rendered.
  bool has_markers() const;

 private:
  class MappedLines;
  std::size_t size_ = 0;
  std::shared_ptr<const std::vector<std::string>> values_;
  std::shared_ptr<const MappedLines> lines_;  ///< null: values_ has them
};

/// Items of \p text between line feeds; \p keep_empty keeps the empty ones and carriage returns.
std::vector<std::string> split_lines(std::string_view text, bool keep_empty);

}  // namespace m8::protocols
