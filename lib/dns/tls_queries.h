/// TlsQueries: DNS over TLS (RFC 7858): one connection, queries pipelined, answers in any order.
///
/// It connects when there is something to send, and again after the server closed (RFC 7766 6.2.4:
/// servers close idle connections as they like). On the poller's thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "dns/query_stream.h"
#include "net/tls.h"

namespace m8::dns {

class TlsQueries final : public QueryStream, net::Poller::Handler {
 public:
  /// \p at: where \p host answers. \p poller is borrowed; the context is shared by its streams.
  TlsQueries(const net::SocketAddress& at, std::string host,
             std::shared_ptr<net::TlsContext> context, Events events, net::Poller& poller);
  ~TlsQueries() override;
  void send(Bytes query) override;

 private:
  enum class State { kClosed, kConnecting, kHandshake, kOpen };

  void ready(std::uint32_t events) override;
  Status connect();
  Status advance();
  Status write();
  /// Reads what is there. False at the end of the stream.
  Result<bool> read();
  void give_answers();
  void watch();
  void close();
  void schedule_failure(const Error& why);

  const net::SocketAddress at_;
  const std::string host_;
  std::shared_ptr<net::TlsContext> context_;
  Events events_;
  net::Poller& poller_;
  State state_ = State::kClosed;
  Fd socket_;
  std::unique_ptr<net::TlsStream> tls_;
  std::string outgoing_;  ///< length prefixes and queries
  std::string incoming_;
  std::size_t unanswered_ = 0;
  bool wants_write_ = false;
  std::uint64_t timer_ = 0;  ///< a failure or an advance to come at the next turn
};

}  // namespace m8::dns
