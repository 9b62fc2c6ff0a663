/// ChunkedReader: the chunked transfer coding, bytes as they come (RFC 9112 7.1).
///
/// Tolerant where peers are sloppy (a bare LF ends a line, extensions and trailers are skipped) and
/// honest about the rest: what can't be read is kBroken, and the body is what came before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace m8::http {

class ChunkedReader {
 public:
  enum class State { kReading, kDone, kBroken };

  /// Appends decoded bytes to \p body until it holds \p max_body. Returns how much of \p bytes was
  /// used: all of it unless the coding ended, broke, or \p body is full.
  std::size_t feed(std::string_view bytes, std::string& body, std::size_t max_body);
  State state() const { return state_; }
  /// \p body was full before the coding ended.
  bool full() const { return full_; }

 private:
  enum class Part { kSize, kData, kDataEnd, kTrailer };
  /// Takes bytes up to LF into line_. True when the line is complete (without its end).
  bool take_line(std::string_view bytes, std::size_t& at);
  std::size_t take_data(std::string_view bytes, std::string& body, std::size_t max_body);
  void on_line();
  void on_size_line();

  State state_ = State::kReading;
  Part part_ = Part::kSize;
  bool full_ = false;
  std::uint64_t left_ = 0;  ///< bytes of this chunk to come
  std::size_t trailer_bytes_ = 0;
  std::string line_;
};

}  // namespace m8::http
