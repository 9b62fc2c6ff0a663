#include "output/listing.h"

#include <unistd.h>

namespace m8::output {

Listing::Listing()
    : stream_(std::make_unique<Stream>(Fd(STDOUT_FILENO), "stdout",
                                       StreamOptions{.flush_each = false})) {}

Result<Listing> Listing::create(const std::string& path) {
  return Listing(M8_TRY(Stream::create(path, {.flush_each = false})));
}

Status Listing::line(std::string_view text) {
  M8_TRY(stream_->write(text));
  if (stream_->closed()) return Error{ErrorCode::kCancelled, "nobody reads"};
  return {};
}

Status Listing::finish(const Status& read) {
  const Status written = stream_->flush();
  if (!read.ok() && !stream_->closed()) return read;
  return written;
}

}  // namespace m8::output
