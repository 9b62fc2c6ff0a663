/// Request: what to send, with the exactness that templates need.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/url.h"

namespace m8::model {
struct Origin;
}

namespace m8::http {

class CookieJar;

/// A header line as written: name case kept, order kept, duplicates allowed.
struct Header {
  std::string name;
  std::string value;
};

/// Case-insensitive search; null if absent.
const Header* find_header(const std::vector<Header>& headers, std::string_view name);

/// Where requests that race wait for each other before their last byte goes out.
struct RaceGate {
  std::size_t expected = 0;  ///< how many open it
};

struct Request {
  std::string method = "GET";
  net::Url url;  ///< where to connect, and the request target (sent as written)
  /// Sent in this order after the request line. The caller has put in everything (Host included):
  /// the target engine adds nothing. services: Host and Content-Length are added when absent.
  std::vector<Header> headers;
  std::string body;
  /// Not empty: exactly these bytes are sent and method, headers and body are ignored (unsafe).
  std::string wire;

  enum class Redirects { kNone, kAll, kSameHost, kSameScheme };
  Redirects redirects = Redirects::kNone;
  /// targets: a redirect whose Location no URL parser takes is no answer but kProtocol, followed or
  /// not, as in Go's client (templates 3.8.4).
  bool strict_location = false;
  int max_redirects = 10;

  /// For one attempt: connecting, sending, headers, body. Default 30 s. services: redirects
  /// included, and at most ServiceOptions::timeout.
  std::chrono::milliseconds timeout{30'000};
  /// targets: further attempts on a reset or an early end of a connection. Never on a status.
  int retries = 1;
  /// services: whether the tries of ServiceOptions::retries may be made. kIfSafe: when the method
  /// is idempotent, or the request has not been sent. After a network error, a time-out of dial,
  /// handshake, head or body, and 429, 502, 503, 504 (Retry-After is kept to).
  enum class Repeat { kIfSafe, kAlways, kNever };
  Repeat repeat = Repeat::kIfSafe;
  /// Body bytes kept after decompression; what follows is discarded. Default 10 MiB.
  std::size_t max_body = 10u << 20;
  /// Decode Content-Encoding gzip, deflate, br, zstd; a broken one leaves the body raw.
  bool decompress = true;
  /// Also drop Content-Encoding and Content-Length from the answer, because the engine (not the
  /// author) asked for gzip (templates 3.10.2).
  bool transparent_gzip = false;
  bool fresh_connection = false;  ///< neither take a pooled connection nor give it back
  bool tls_details = false;       ///< fill Response::tls in
  bool read_to_end = false;       ///< ignore Content-Length, read until the peer closes (read-all)
  /// Connect here instead of to url's host and port (@Host).
  std::optional<net::HostPort> connect_to;
  std::string server_name;  ///< SNI; empty = url's host unless it is an address
  /// Not null: the engine stores the Set-Cookie lines of every hop in it and sends its cookies with
  /// redirect hops. The first request goes out as given: the caller puts its Cookie header in.
  /// Shared by the requests of one template on one target.
  std::shared_ptr<CookieJar> cookies;
  /// For Session::Options::audit; null: nobody asked. Shared by the hops.
  std::shared_ptr<const model::Origin> origin;
  /// targets: not null: the last byte waits here (RaceGates); shared by the requests of a race.
  std::shared_ptr<const RaceGate> gate;
};

/// The bytes that the target engine sends: `wire`, or request line, headers and body as given.
std::string to_wire(const Request& request);
/// The same in absolute-form (RFC 9112 3.2.2), for a proxy; \p authorization, unless empty, is the
/// value of Proxy-Authorization.
std::string to_proxy_wire(const Request& request, const std::string& authorization);

}  // namespace m8::http
