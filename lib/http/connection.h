/// Connection: one TCP or TLS connection to a target, registered once (edge-triggered) with a loop.
///
/// It moves bytes; what they mean for a request is the owner's business. All on the loop's thread.
/// An idle connection costs this object and its descriptor (TLS: OpenSSL's state), no buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "http/counters.h"
#include "http/response_parser.h"
#include "net/address.h"
#include "net/poller.h"
#include "net/tls.h"

namespace m8::http {

struct Flight;
struct PoolEntry;

class Connection final : public net::Poller::Handler {
 public:
  /// Who is told. Each call may close the connection or start the next exchange on it, but must not
  /// destroy it.
  class Owner {
   public:
    virtual ~Owner() = default;
    /// It can carry an exchange now.
    virtual void connected(Connection& connection) = 0;
    /// The parser is done(). \p reusable: the connection is clean and open.
    virtual void answered(Connection& connection, bool reusable) = 0;
    /// It is of no use any more. kNetwork: refused, reset, ended; kProtocol: TLS, or no HTTP.
    virtual void broken(Connection& connection, const Error& error) = 0;
    /// Call resume() at the next turn.
    virtual void again(Connection& connection) = 0;
  };
  /// What the connections of a loop share, borrowed.
  struct Shared {
    net::Poller& poller;
    Owner& owner;
    Clock& clock;
    Counters& counters;
    std::span<char> buffer;  ///< for reading; its content means nothing between calls
  };
  enum class State { kConnecting, kHandshake, kIdle, kBusy, kClosed };

  /// Begins to connect. With \p tls the handshake follows, naming \p server_name. kExhausted
  /// without descriptors, kNetwork when refused at once.
  static Result<std::unique_ptr<Connection>> open(Shared& shared, const net::SocketAddress& to,
                                                  std::shared_ptr<net::TlsContext> tls,
                                                  std::string server_name);
  ~Connection() override;

  /// Sends \p bytes and reads one answer into \p parser; both are borrowed until the owner is told.
  /// The owner is never told during the call. REQUIRES: state() is kIdle.
  void exchange(std::string_view bytes, ResponseParser& parser);
  void ready(std::uint32_t events) override;
  void resume();
  /// Ends it at once; the owner is not told.
  void close();

  State state() const { return state_; }
  const net::SocketAddress& peer() const { return peer_; }
  /// What the server showed to who asked for \p host; null without TLS.
  std::shared_ptr<const net::TlsPeer> tls_peer(const std::string& host) const {
    return tls_ ? tls_->peer(host) : nullptr;
  }
  /// Exchanges begun on it.
  std::uint32_t exchanges() const { return exchanges_; }
  /// When the head of the answer was complete. Meaningful once answered.
  SteadyTime head_at() const { return head_at_; }

  // The owner's notes.
  Flight* flight = nullptr;       ///< whose exchange it carries or will carry
  PoolEntry* entry = nullptr;     ///< which pool entry it belongs to
  Connection* older = nullptr;    ///< idle list of the pool
  Connection* younger = nullptr;  ///< idle list of the pool
  SteadyTime idle_since{};        ///< while pooled
  std::size_t slot = 0;           ///< place in the owner's table
  bool pooled = false;            ///< it is idle in the pool
  bool resuming = false;          ///< the owner has it on its again() list

 private:
  Connection(Shared& shared, const net::SocketAddress& to);
  void on_connect();
  void handshake();
  void become_idle();
  void check_idle();
  void write_some();
  void read_some();
  Result<net::IoState> receive(std::size_t& size);
  bool take(std::string_view bytes);
  void on_end(const Error& error);
  void fail(const Error& error);

  Shared& shared_;
  const net::SocketAddress peer_;
  Fd fd_;
  std::shared_ptr<net::TlsContext> tls_context_;  ///< shared with all streams made of it
  std::unique_ptr<net::TlsStream> tls_;
  std::string server_name_;
  ResponseParser* parser_ = nullptr;
  std::string_view unsent_;
  SteadyTime head_at_{};
  std::uint32_t exchanges_ = 0;
  State state_ = State::kConnecting;
  bool peer_ended_ = false;
  bool write_failed_ = false;
};

}  // namespace m8::http
