/// QueryStream: a resolver that is asked over a stream of its own: DNS over TLS (RFC 7858), DNS
/// over HTTPS (RFC 8484).
///
/// The query engine matches answers by their id, so they may come in any order. Everything happens
/// on the poller's thread, callbacks included, never inside send().
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "dns/server.h"
#include "dns/wire.h"
#include "net/poller.h"

namespace m8::dns {

class QueryStream {
 public:
  struct Events {
    std::function<void(Bytes)> answered;        ///< a whole message, borrowed for the call
    std::function<void(std::uint16_t)> failed;  ///< the query with this id gets no answer
    std::function<void()> broken;               ///< nor does any other that was sent
  };
  virtual ~QueryStream() = default;

  /// Sends \p query (a whole message, copied), connecting first if need be.
  virtual void send(Bytes query) = 0;

  /// A stream to \p server (kTls or kHttps). Certificates are verified against the system's and
  /// those in the file \p more_ca, if it is not empty. \p poller and \p clock are borrowed.
  /// kInternal if a library refuses, kIo for \p more_ca, kNotFound for a host without an address.
  static Result<std::unique_ptr<QueryStream>> open(const Server& server, const std::string& more_ca,
                                                   Events events, net::Poller& poller,
                                                   Clock& clock);
};

}  // namespace m8::dns
