/// Listing: stdout for lists of records: written in blocks, over once the reader is gone.
///
/// One thread.
#pragma once

#include <string_view>

#include "base/result.h"
#include "output/stream.h"

namespace m8::output {

class Listing {
 public:
  Listing();
  /// To \p path instead.
  static Result<Listing> create(const std::string& path);
  /// kCancelled, to end the reading, when nobody reads any more.
  Status line(std::string_view text);
  /// The end of a listing: \p read, unless it was the reader who ended it; and the rest is written.
  Status finish(const Status& read);

 private:
  explicit Listing(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}
  std::unique_ptr<Stream> stream_;
};

}  // namespace m8::output
