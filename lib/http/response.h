/// Response: one answer; Exchange: the chain of answers that a request led to.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/request.h"
#include "net/address.h"
#include "net/tls_peer.h"

namespace m8::http {

struct Response {
  int status = 0;
  int version_major = 1;  ///< HTTP/x.y as the peer wrote it
  int version_minor = 1;
  std::string reason;                ///< as sent, may be empty
  std::vector<Header> headers;       ///< as received: order and case of the peer
  std::string body;                  ///< decoded; at most Request::max_body
  std::int64_t content_length = -1;  ///< of the Content-Length header; -1 without (or dropped)
  bool chunked = false;
  bool closes = false;          ///< the peer ends the connection after it
  bool body_truncated = false;  ///< the cap was reached, or the peer ended early
  bool decompressed = false;
  net::Url url;  ///< what was asked
  /// What the server showed, if Request::tls_details asked for it; shared by copies of the answer.
  std::shared_ptr<const net::TlsPeer> tls;
  net::IpAddress ip;                      ///< who answered
  std::vector<std::string> aliases;       ///< CNAMEs to it, if the host was looked up
  std::chrono::microseconds duration{0};  ///< send to headers, of the whole chain so far
};

/// hops.back() is the final answer, earlier ones are redirects that were followed (their bodies are
/// not kept). Never empty.
struct Exchange {
  std::vector<Response> hops;
  std::string sent;  ///< bytes of the first request
  const Response& final() const { return hops.back(); }
};

}  // namespace m8::http
