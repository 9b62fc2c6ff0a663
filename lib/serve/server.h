/// Server: HTTP/1.1 for our own pages and APIs, on libmicrohttpd, with limits against strangers.
///
/// A few threads, an epoll loop each; a connection stays on its thread. Request heads, bodies,
/// connections (in all and per address) and idle time are bounded. Whoever holds the server may
/// use it from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/address.h"
#include "serve/routes.h"

namespace m8::serve {

struct ServerOptions {
  net::SocketAddress address;    ///< port 0 picks one
  std::string certificate, key;  ///< PEM text; both for HTTPS, none for HTTP
  unsigned threads = 2;          ///< 1..64
  unsigned max_connections = 1000;
  unsigned max_per_address = 100;
  std::size_t max_head = 32u << 10;       ///< bytes; a longer one is answered with 431 or 413
  std::size_t max_body = 1u << 20;        ///< bytes; a longer one is answered with 413
  std::chrono::seconds idle_timeout{15};  ///< without a byte either way
  std::chrono::seconds body_timeout{30};  ///< for all of a request's body
  bool lenient = false;  ///< take what is not quite HTTP, such as HTTP/1.1 without Host
};

class Server {
 public:
  struct Counters {
    std::uint64_t requests = 0, refused = 0;  ///< refused: too large or too slow
  };

  /// Listens and serves until stop(). kExists, kDenied "listen on ...", kInvalidArgument for a
  /// certificate that can't be used.
  static Result<std::unique_ptr<Server>> create(ServerOptions options, Routes routes);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const net::SocketAddress& address() const { return address_; }
  Counters counters() const;
  /// Takes no more connections, lets handlers end, closes all. Idempotent; not from a handler.
  void stop();

 private:
  struct Pending;
  struct Callbacks;

  Server(ServerOptions options, Routes routes);
  Status start();

  const ServerOptions options_;
  const Routes routes_;
  net::SocketAddress address_;
  void* daemon_ = nullptr;  ///< MHD_Daemon*, owned
  std::atomic<std::uint64_t> requests_{0}, refused_{0};
};

}  // namespace m8::serve
