/// AmqpStream: bytes to and from a broker over TCP or TLS, gathered so that a turn of the loop
/// costs one read and one write.
///
/// On the poller's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "net/address.h"
#include "net/poller.h"
#include "net/tls.h"

namespace m8::queue::amqp {

class AmqpStream final : net::Poller::Handler {
 public:
  /// Called from ready() and flush(); neither may destroy the stream.
  struct Events {
    /// Bytes came (or the connection is there): take() what is complete. An error ends the stream.
    std::function<Status()> received;
    /// It ended; nothing more is called.
    std::function<void(const Error&)> ended;
  };

  /// \p context null: plain TCP. \p host must be in the certificate. \p poller is borrowed.
  AmqpStream(net::Poller& poller, std::shared_ptr<net::TlsContext> context, std::string host,
             Events events);
  ~AmqpStream() override;

  /// Begins to connect. kRefused and what else is known at once.
  Status connect(const net::SocketAddress& to);
  /// What was received and not consumed.
  std::string_view incoming() const {
    return std::string_view(in_).substr(in_start_, in_end_ - in_start_);
  }
  void consume(std::size_t bytes) { in_start_ += bytes; }
  /// Where to append what is to be sent; flush() sends it.
  std::string& outgoing() { return out_; }
  /// Bytes that wait to be sent.
  std::size_t backlog() const { return out_.size() - out_start_; }
  /// Writes what the socket takes, and the rest as it takes more.
  void flush();
  /// Bytes moved since it was made: for heartbeats.
  std::uint64_t received() const { return received_; }
  std::uint64_t sent() const { return sent_; }

 private:
  enum class State { kIdle, kConnecting, kHandshake, kOpen, kEnded };

  void ready(std::uint32_t events) override;
  Status advance();
  Status handshake();
  Result<bool> read_some();
  void make_room();
  Status write_some();
  Result<net::IoState> read_into(char* to, std::size_t most, std::size_t& done);
  Result<net::IoState> write_from(const char* from, std::size_t most, std::size_t& done);
  void watch();
  void end(const Error& why);

  net::Poller& poller_;
  std::shared_ptr<net::TlsContext> context_;  ///< shared with the connection that made it
  const std::string host_;
  Events events_;
  net::SocketAddress to_;
  Fd socket_;
  std::unique_ptr<net::TlsStream> tls_;
  State state_ = State::kIdle;
  std::string in_, out_;
  std::size_t in_start_ = 0, in_end_ = 0;  ///< what of in_ was received and not consumed
  std::size_t out_start_ = 0;
  bool wants_write_ = false, watches_write_ = false;
  std::uint64_t received_ = 0, sent_ = 0;
};

}  // namespace m8::queue::amqp
