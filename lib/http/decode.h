/// Content and charset decoding of answers (templates 3.10).
///
/// What can't be decoded stays as it came: a scanner matches on it all the same. Output is capped,
/// so that a bomb costs no more than Request::max_body.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "http/request.h"
#include "http/response.h"

namespace m8::http {

/// Decoded bytes, at most the cap.
struct Decoded {
  std::string bytes;
  bool truncated = false;  ///< the cap was reached, or the input ended early
};

/// Decodes \p bytes by \p encoding: exactly "gzip" (several members), "deflate" (zlib, or raw as
/// some servers send it), "br" or "zstd". Empty if the encoding is another (lists such as "gzip,
/// br" included) or the bytes are broken: wrong header, wrong checksum, or an early end before the
/// first byte of output. An early end after it gives what there is, truncated.
std::optional<Decoded> decode_content(std::string_view encoding, std::string_view bytes,
                                      std::size_t max_bytes);

/// GBK (for gbk, gb2312, gb18030) or windows-1251 (also cp1251, cp-1251) to UTF-8, when \p
/// content_type names one of them; empty otherwise. Invalid sequences become U+FFFD. At most
/// \p max_bytes come out.
std::optional<std::string> decode_charset(std::string_view content_type, std::string_view bytes,
                                          std::size_t max_bytes);

/// Applies both, and the cap, to a finished answer as \p request asks: sets body, decompressed,
/// body_truncated, and drops Content-Encoding and Content-Length under transparent_gzip.
void decode_response(const Request& request, Response& response);

}  // namespace m8::http
