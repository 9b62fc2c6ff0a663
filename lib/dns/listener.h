/// Listener: DNS over UDP and TCP on one port (RFC 1035 4.2, RFC 7766), for servers of our own.
///
/// Everything runs on the poller's thread. TCP connections are bounded in number and time; what
/// they send is read one message at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "dns/wire.h"
#include "net/address.h"
#include "net/poller.h"

namespace m8::dns {

/// The largest answer that \p query's sender takes over UDP: 512 bytes, or what its EDNS says up to
/// 1232.
std::size_t udp_limit(const Message& query);

class Listener {
 public:
  /// Gives the answer's bytes; empty if \p query deserves none. \p query is borrowed for the call.
  using Responder = std::function<std::string(Bytes query, const net::IpAddress& peer, bool udp)>;
  struct Options {
    std::chrono::milliseconds latency{0};            ///< of every answer over UDP
    std::size_t max_streams = 1000;                  ///< TCP connections
    std::chrono::milliseconds stream_limit{10'000};  ///< how long each may last
  };

  /// Listens on \p at, UDP and TCP on the same port (0 picks one). \p poller is borrowed. kExists,
  /// kDenied.
  static Result<std::unique_ptr<Listener>> create(net::Poller& poller, const net::SocketAddress& at,
                                                  Responder responder, Options options);
  ~Listener();

  const net::SocketAddress& address() const { return address_; }

 private:
  /// An answer over UDP and where it goes.
  struct Waiting {
    SteadyTime due{};
    std::string bytes;
    sockaddr_storage peer{};
    socklen_t peer_size = 0;
  };
  class Udp;
  class Accept;
  class Stream;

  Listener(net::Poller& poller, Responder responder, Options options);
  void serve_datagrams(int fd);
  void send(int fd, const Waiting& answer);
  /// Sends what has waited long enough.
  void send_due(int fd);
  void adopt(Fd socket, const net::IpAddress& peer);
  void forget(Stream& stream);

  net::Poller& poller_;
  const Responder responder_;
  const Options options_;
  net::SocketAddress address_;
  std::unique_ptr<Udp> udp_;
  std::unique_ptr<Accept> accept_;
  std::deque<Waiting> waiting_;  ///< in order: all wait equally long
  std::uint64_t waiting_timer_ = 0, burial_ = 0;
  std::unordered_map<Stream*, std::unique_ptr<Stream>> streams_;
  std::vector<std::unique_ptr<Stream>> gone_;  ///< destroyed outside their own calls
};

}  // namespace m8::dns
