/// Server: HTTP/1.1 for our own pages and APIs, on libmicrohttpd, with limits against strangers.
///
/// A few threads, an epoll loop each; a connection stays on its thread. Request heads, bodies,
/// connections (in all and per address) and idle time are bounded, and so is the time that a client
/// may take for a head, a body, and for reading its answer. Streams that have nothing to say cost
/// no thread: their connections are suspended until wake(). Whoever holds the server may use it
/// from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "serve/routes.h"

namespace m8::serve {

struct ServerOptions {
  net::SocketAddress address;    ///< port 0 picks one
  std::string certificate, key;  ///< PEM text; both for HTTPS, none for HTTP
  unsigned threads = 2;          ///< 1..64
  unsigned max_connections = 1000;
  unsigned max_per_address = 100;          ///< 0: any number
  std::size_t max_head = 32u << 10;        ///< bytes; a longer one is answered with 431 or 413
  std::size_t max_body = 1u << 20;         ///< bytes; a longer one is answered with 413
  std::chrono::seconds idle_timeout{15};   ///< without a byte either way
  std::chrono::seconds head_timeout{20};   ///< for all of a head; at least idle_timeout counts
  std::chrono::seconds body_timeout{30};   ///< for all of a request's body
  std::chrono::seconds send_timeout{120};  ///< for all of an answer that is no stream
  bool lenient = false;  ///< take what is not quite HTTP, such as HTTP/1.1 without Host
  /// Refuse what two readers could take for two things (RFC 9112 3.2, 6.1, 6.3), and take the
  /// absolute form of a target for its path.
  bool strict = false;
  /// What a refused request is told (400, 408, 413, 431, 501); null: a line of text. What the
  /// library can't parse at all, or is half as long again as max_head, it refuses in its own words.
  std::function<Response(int status)> refusal = {};
};

class Server {
 public:
  struct Counters {
    std::uint64_t requests = 0, refused = 0;   ///< refused: too large or too slow
    std::size_t connections = 0, streams = 0;  ///< now; streams: those that wait
  };

  /// Listens and serves until stop(). kExists, kDenied "listen on ...", kInvalidArgument for a
  /// certificate that can't be used.
  static Result<std::unique_ptr<Server>> create(ServerOptions options, Routes routes);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const net::SocketAddress& address() const { return address_; }
  Counters counters() const;
  /// Asks the streams that wait whether they have something. O(streams that wait). Any thread, but
  /// not from Stream::read().
  void wake();
  /// Ends all streams, takes no more connections, lets handlers end, closes all. Idempotent; not
  /// from a handler.
  void stop();

 private:
  struct Pending;
  struct Connection;
  struct OpenStream;
  struct Callbacks;

  Server(ServerOptions options, Routes routes);
  Status start();
  void reap(const std::stop_token& stop);

  const ServerOptions options_;
  const Routes routes_;
  net::SocketAddress address_;
  void* daemon_ = nullptr;  ///< MHD_Daemon*, owned
  std::atomic<std::uint64_t> requests_{0}, refused_{0};

  mutable std::mutex mutex_;  ///< of the connections and the streams
  std::list<Connection> connections_;
  std::vector<void*> waiting_;  ///< MHD_Connection*, suspended
  bool stopping_ = false;       ///< no stream may wait any more
  std::jthread reaper_;         ///< shuts connections that take too long
};

}  // namespace m8::serve
