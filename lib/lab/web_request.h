/// An HTTP/1.x request as the lab's server reads it (RFC 9112), and what it answers.
///
/// Plain values and pure functions.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace m8::lab {

inline constexpr std::size_t kMaxHeadBytes = 64 << 10;
inline constexpr std::size_t kMaxRequestBodyBytes = 1 << 20;

struct WebRequest {
  std::string method, target;
  int minor_version = 1;                                     ///< 0 or 1
  std::vector<std::pair<std::string, std::string>> headers;  ///< as written
  std::string body;
  std::string head;  ///< request line and headers as they came, for TRACE

  /// First value of a header, any case; empty if there is none.
  std::string_view header(std::string_view name) const;
  /// The target up to '?', exactly as sent.
  std::string_view path() const;
  /// The percent-decoded value of a query parameter; empty if there is none.
  std::string parameter(std::string_view name) const;
  /// The same of a form in the body.
  std::string form(std::string_view name) const;
  bool keep_alive() const;
};

/// What read_request() found at the begin of a connection's bytes.
struct ReadRequest {
  bool complete = false;  ///< false: more bytes are needed
  std::size_t size = 0;   ///< bytes that the request takes, when complete
  WebRequest request;
};

/// Reads one request from \p bytes. kProtocol if they are no HTTP/1.0 or 1.1 request;
/// kExhausted if head or body exceed their cap; kUnsupported for a chunked body. O(size).
Result<ReadRequest> read_request(std::string_view bytes);

struct WebResponse {
  int status = 200;
  std::string type = "text/html; charset=utf-8";  ///< empty: no Content-Type
  std::vector<std::pair<std::string, std::string>> headers;
  /// Shared by the site and the connections that are sending it.
  std::shared_ptr<const std::string> body;

  WebResponse& with(std::string name, std::string value);
};

/// A response around \p body.
WebResponse web_page(int status, std::string type, std::string body);

/// Status line and headers; Content-Length is of the body. \p keep_alive says what Connection does.
std::string write_head(const WebResponse& response, bool keep_alive);

}  // namespace m8::lab
