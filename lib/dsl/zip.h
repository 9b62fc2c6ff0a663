/// A ZIP archive with streamed entries, as Go's archive/zip writes one (dsl.md 7.2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::dsl {

class ZipWriter {
 public:
  /// kInvalidArgument for a name over 65,535 bytes or more than 65,535 entries.
  Status add(std::string_view name, std::string_view content);
  std::size_t size() const { return out_.size() + directory_.size(); }
  /// The archive; the writer is used up.
  std::string finish() &&;

 private:
  std::string out_;
  std::string directory_;
  std::uint16_t entries_ = 0;
};

}  // namespace m8::dsl
