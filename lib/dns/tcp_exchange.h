/// TcpExchange: one question over TCP (RFC 7766), asked when the answer did not fit a datagram.
///
/// Non-blocking, driven by a Poller; the owner keeps the deadline and destroys it to give up.
#pragma once

#include <functional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "dns/wire.h"
#include "net/address.h"
#include "net/poller.h"

namespace m8::dns {

class TcpExchange final : net::Poller::Handler {
 public:
  /// Called once, on the loop's thread, with the whole answer or with kNetwork / kProtocol. It must
  /// not destroy the exchange.
  using Done = std::function<void(Result<std::string>)>;

  /// Begins to connect to \p server. \p poller is borrowed; \p query is copied. Failures, also
  /// those at once, are told to \p done at a later turn of the loop.
  TcpExchange(net::Poller& poller, const net::SocketAddress& server, Bytes query, Done done);
  ~TcpExchange() override;
  TcpExchange(const TcpExchange&) = delete;

 private:
  void ready(std::uint32_t events) override;
  Status advance();
  Status write_query();
  /// True once the answer is complete.
  Result<bool> read_answer();
  void finish(Result<std::string> result);

  net::Poller& poller_;
  net::SocketAddress server_;
  Fd socket_;
  Done done_;
  std::string outgoing_;  ///< length prefix and query
  std::size_t written_ = 0;
  std::string incoming_;  ///< length prefix and answer
  bool connected_ = false;
  std::uint64_t failure_timer_ = 0;  ///< pending report of a failure in the constructor
};

}  // namespace m8::dns
