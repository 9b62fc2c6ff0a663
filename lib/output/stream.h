/// Stream: whole records to a descriptor, one buffered locked write each.
///
/// Thread-safe. Bytes that were accepted stay in the buffer until the descriptor takes them, so a
/// disk that was full for a moment costs nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/guarded.h"
#include "base/result.h"
#include "output/async_file.h"

namespace m8::output {

struct StreamOptions {
  /// Hand each record to the kernel at once: right for terminals and for readers that wait. Without
  /// it records go out when buffer_bytes are full, and on flush(): for bulk.
  bool flush_each = true;
  std::size_t buffer_bytes = 256u << 10;
  bool append = false;  ///< create() keeps what the file holds
  /// Files are written by a thread of their own (async_file.h); errors come with a later record or
  /// with flush().
  bool asynchronous = false;
  /// Once requested, a reader that takes nothing for two seconds is given up.
  std::stop_token stop = {};
};

class Stream {
 public:
  /// Takes \p fd over; 1 (stdout) and 2 (stderr) are not closed. \p name is for errors.
  Stream(Fd fd, std::string name, StreamOptions options = {});
  /// Creates or truncates (or appends to) the file \p path (mode 0644). kNotFound, kDenied, kIo,
  /// kExhausted.
  static Result<std::unique_ptr<Stream>> create(const std::string& path,
                                                StreamOptions options = {});
  /// Writes what is left; an error is lost here, so call flush() first.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Writes \p record, which ends its own line. After the reader went away (EPIPE) it does nothing
  /// and says ok: see closed(). kExhausted ("PATH: no space left on device"), kIo: the record is in
  /// the buffer or, when that is full too, lost. kTimeout: given up, see StreamOptions::stop.
  Status write(std::string_view record);
  /// Hands everything written to the kernel. Errors as write().
  Status flush();
  /// The reader went away; nothing more will be written.
  bool closed() const { return closed_.load(std::memory_order_relaxed); }
  const std::string& name() const { return name_; }

 private:
  Status drain(std::string& pending);
  Status hand_over(std::string& pending);
  bool reader_takes() const;

  Fd fd_;
  const std::string name_;
  const StreamOptions options_;
  bool on_disk_ = false;  ///< writing never waits for a reader
  std::atomic<bool> closed_{false};
  Guarded<std::string> pending_;
  std::shared_ptr<AsyncFileWriter::File> file_;  ///< shared with the requests that wait
  Guarded<Status> failed_;                       ///< of the last request
  std::unique_ptr<AsyncFileWriter> writer_;      ///< null: the caller's thread writes
};

}  // namespace m8::output
