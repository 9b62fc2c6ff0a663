/// Writer: the Sink that writes records in one format to one stream.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "model/sink.h"
#include "output/format.h"
#include "output/stream.h"

namespace m8::output {

/// Thread-safe. Records after the reader went away are dropped without an error; closed() tells.
class Writer final : public model::Sink {
 public:
  /// \p appends: the stream goes on with a document that has its beginning.
  Writer(std::unique_ptr<Format> format, std::unique_ptr<Stream> stream, bool appends = false)
      : format_(std::move(format)), stream_(std::move(stream)) {
    // What can't be written stays in the stream and is told with the first record.
    if (const std::string begin = format_->begin(); !begin.empty() && !appends)
      (void)stream_->write(begin);
  }

  Status hostname(const model::Hostname& record) override {
    return write(&Format::hostname, record);
  }
  Status endpoint(const model::Endpoint& record) override {
    return write(&Format::endpoint, record);
  }
  Status finding(const model::Finding& record) override { return write(&Format::finding, record); }
  Status flush() override { return stream_->flush(); }
  /// Writes the end of the document; nothing may follow. REQUIRES: called once.
  Status end() {
    if (closed()) return {};
    if (const std::string end = format_->end(); !end.empty()) M8_TRY(stream_->write(end));
    return stream_->flush();
  }
  bool closed() const { return stream_->closed(); }

 private:
  template <typename Record>
  Status write(std::string (Format::*text_of)(const Record&) const, const Record& record) {
    if (closed()) return {};
    const std::lock_guard lock(order_);
    const std::string text = ((*format_).*text_of)(record);
    return text.empty() ? Status() : stream_->write(text);
  }

  std::mutex order_;
  std::unique_ptr<Format> format_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace m8::output
