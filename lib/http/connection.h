/// Connection: one TCP or TLS connection to a target, registered once (edge-triggered) with a loop.
///
/// It moves bytes; what they mean for a request is the owner's business. All on the loop's thread.
/// An idle connection costs this object and its descriptor (TLS: OpenSSL's state), no buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "http/counters.h"
#include "http/proxy_handshake.h"
#include "http/response_parser.h"
#include "net/address.h"
#include "net/poller.h"
#include "net/tls.h"

namespace m8::http {

struct Flight;
struct PoolEntry;

/// How a connection leads to its target.
struct Route {
  net::SocketAddress to;                 ///< where TCP goes: the target, or a proxy
  net::SocketAddress peer;               ///< the target; 0.0.0.0 if only a proxy knows
  std::shared_ptr<net::TlsContext> tls;  ///< of the target; null = none
  std::string server_name;
  const Proxy* proxy = nullptr;                ///< borrowed; null = none
  std::shared_ptr<net::TlsContext> proxy_tls;  ///< of a kHttps proxy
  std::optional<ProxyGoal> tunnel;             ///< what the proxy is asked for first
};

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
    /// It is of no use any more. kRefused; kNetwork: reset, ended; kProtocol: TLS, or no
    /// HTTP.
    virtual void broken(Connection& connection, const Error& error) = 0;
    /// Call resume() at the next turn.
    virtual void again(Connection& connection) = 0;
    /// False: there is no memory for more of the answer now; resume() when there is.
    virtual bool may_read(Connection& connection) = 0;
  };
  /// What the connections of a loop share, borrowed.
  struct Shared {
    net::Poller& poller;
    Owner& owner;
    Clock& clock;
    Counters& counters;
    std::span<char> buffer;  ///< for reading; its content means nothing between calls
  };
  enum class State { kConnecting, kProxyHandshake, kTunnel, kHandshake, kIdle, kBusy, kClosed };

  /// Begins to connect; what \p route has of proxy and TLS follows. kExhausted
  /// without descriptors, kRefused at once.
  static Result<std::unique_ptr<Connection>> open(Shared& shared, Route route);
  ~Connection() override;

  /// Sends \p bytes and reads one answer into \p parser; both are borrowed until the owner is told.
  /// The owner is never told during the call. REQUIRES: state() is kIdle.
  void exchange(std::string_view bytes, ResponseParser& parser);
  /// Sends the byte behind what exchange() was given, which is still there. REQUIRES: kBusy, and
  /// the bytes of exchange() lie in front of it in memory.
  void send_last_byte();
  void ready(std::uint32_t events) override;
  void resume();
  /// Ends it at once; the owner is not told.
  void close();

  State state() const { return state_; }
  const net::SocketAddress& peer() const { return route_.peer; }
  /// It has not got to where a target's errors begin: what failed is the proxy.
  bool at_proxy() const {
    return route_.proxy != nullptr &&
           (state_ == State::kConnecting || state_ == State::kProxyHandshake ||
            state_ == State::kTunnel);
  }
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
  Connection(Shared& shared, Route route);
  void on_connect();
  void proxy_handshake();
  void enter_tunnel();
  void tunnel();
  void begin_tls();
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
  const Route route_;
  Fd fd_;
  std::unique_ptr<net::TlsStream> tls_;
  std::unique_ptr<ProxyHandshake> tunnel_;  ///< until it is through
  std::string tunnel_bytes_;                ///< what `unsent_` views under kTunnel
  ResponseParser* parser_ = nullptr;
  std::string_view unsent_;
  SteadyTime head_at_{};
  std::uint32_t exchanges_ = 0;
  State state_ = State::kConnecting;
  bool peer_ended_ = false;
  bool write_failed_ = false;
};

}  // namespace m8::http
