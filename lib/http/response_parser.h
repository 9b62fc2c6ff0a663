/// ResponseParser: one HTTP/1.x answer out of the bytes of a stranger, as they come (RFC 9112).
///
/// It follows what the reference engine's library accepts (templates 3.10, 4.2), not what the RFC
/// allows: a missing reason, odd versions, bare LF, folded lines and names with invalid characters
/// (dropped) are read; a header line without a colon or a malformed Content-Length is an error; a
/// body that ends early or whose chunking breaks is used as far as it came.
///
/// Complete lines are parsed where they lie; only a line that is split between two reads is copied.
/// One thread; reusable through construction (cheap, nothing is allocated before the first byte).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/chunked.h"
#include "http/response.h"

namespace m8::http {

class ResponseParser {
 public:
  struct Options {
    bool head_request = false;         ///< the answer to HEAD has no body
    bool read_to_end = false;          ///< ignore Content-Length
    std::size_t max_head = 1u << 20;   ///< bytes of status line and header lines, 1xx included
    std::size_t max_body = 10u << 20;  ///< bytes of body kept; the answer ends there
  };

  ResponseParser() = default;
  explicit ResponseParser(Options options) : options_(options) {}

  /// Takes the next bytes; returns how many belong to this answer (fewer than given only once
  /// done()). kProtocol if they are no HTTP answer or the head is too large.
  Result<std::size_t> feed(std::string_view bytes);
  /// The peer ended the stream. Good inside a body (the answer is then done() and truncated unless
  /// its end was the end of the stream); kNetwork before the head is complete.
  Status end();

  bool started() const { return head_bytes_ > 0; }
  bool head_complete() const { return framing_ != Framing::kHead; }
  bool done() const { return done_; }
  /// Bytes that the body will take when it has grown by \p next, as far as is known: all of it when
  /// the head tells its length.
  std::size_t body_bytes_after(std::size_t next) const;
  /// Another answer may follow on this connection. Meaningful once done().
  bool reusable() const { return done_ && reusable_; }
  /// Content-Encoding and the like are untouched. REQUIRES: done().
  Response& response() { return response_; }

 private:
  enum class Framing { kHead, kNone, kLength, kChunked, kUntilClose };
  Status feed_head(std::string_view bytes, std::size_t& at);
  Status on_line(std::string_view line);
  Status on_status_line(std::string_view line);
  Status on_header_line(std::string_view line);
  Status on_fold(std::string_view line);
  Status on_head_end();
  Status read_framing_headers();
  Status read_content_length();
  Framing pick_framing();
  std::size_t feed_body(std::string_view bytes);
  std::size_t feed_plain(std::string_view bytes);
  std::size_t feed_chunked(std::string_view bytes);
  void finish(bool reusable);

  Options options_;
  Response response_;
  Framing framing_ = Framing::kHead;
  ChunkedReader chunks_;
  std::string line_;            ///< the beginning of a line that is not complete yet
  std::size_t head_bytes_ = 0;  ///< all seen so far, for the cap
  std::uint64_t left_ = 0;      ///< body bytes to come under kLength
  int interim_ = 0;             ///< 1xx answers skipped
  bool have_status_ = false;
  bool dropped_last_ = false;  ///< the last header line was dropped, and so are its folds
  bool have_fold_base_ = false;
  bool done_ = false;
  bool reusable_ = false;
};

}  // namespace m8::http
