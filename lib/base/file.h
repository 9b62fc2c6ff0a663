/// Files: read whole ones, read lines, write atomically. Errors name the path.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace m8 {

/// kNotFound, kDenied, kIo ("...: is a directory"), kExhausted above \p max_bytes.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes = 64u << 20);
/// Writes to a temporary file beside \p path, syncs, renames. kIo, kDenied, kExhausted (disk full).
Status write_file_atomically(const std::string& path, std::string_view bytes);
/// Maps errno to an error "what: reason" (ENOSPC -> kExhausted, EACCES -> kDenied, ...).
Error errno_error(std::string_view what, int error_number);

/// Lines of a stream, one at a time, without reading ahead more than a block. CR LF and LF end a
/// line; the last one needs none.
class LineReader {
 public:
  /// \p fd is taken over; 0 (stdin) is not closed.
  explicit LineReader(Fd fd);
  static Result<LineReader> open(const std::string& path);
  ~LineReader();
  LineReader(LineReader&&) noexcept;
  LineReader& operator=(LineReader&&) noexcept;

  /// The next line without its end, borrowed until the next call; empty optional at the end.
  /// kIo; kExhausted for a line over 1 MiB (which is skipped: call again); kCancelled when \p stop
  /// is requested while waiting for bytes (noticed within 100 ms).
  Result<std::optional<std::string_view>> next(std::stop_token stop = {});
  std::size_t line_number() const { return line_number_; }

 private:
  Fd fd_;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::size_t line_number_ = 0;
  bool end_ = false;
};

std::string_view trim(std::string_view text);  ///< ASCII white space at both ends

}  // namespace m8
