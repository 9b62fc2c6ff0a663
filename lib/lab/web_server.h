/// The lab's web server: HTTP/1.1 on many loopback addresses, one thread, one epoll loop.
///
/// Keep-alive, one request at a time per connection, answers delayed without holding up others.
/// Everything runs on the poller's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "lab/faults.h"
#include "lab/web_request.h"
#include "net/address.h"
#include "net/poller.h"

namespace m8::lab {

/// Answers a request; called on the poller's thread, must not block.
using Responder = std::function<WebResponse(const WebRequest&)>;

class WebServer {
 public:
  struct Counters {
    std::uint64_t connections = 0, requests = 0, malformed = 0;
  };

  /// \p poller is borrowed and must outlive this. Every answer waits for \p latency.
  WebServer(net::Poller& poller, std::chrono::milliseconds latency);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  /// Listens on \p at (port 0 picks one) and returns where. kExists, kDenied, kExhausted.
  Result<net::SocketAddress> listen(const net::SocketAddress& at, Responder responder,
                                    Behaviour behaviour = Behaviour::kProper);
  const Counters& counters() const { return counters_; }
  std::size_t open_connections() const { return connections_.size(); }

 private:
  class Listener;
  class Connection;

  void accept_from(Listener& listener);
  void adopt(Fd socket, Listener& listener);
  void forget(Connection& connection);
  void sweep();

  net::Poller& poller_;
  const std::chrono::milliseconds latency_;
  Counters counters_;
  Fd reserve_;  ///< given up for a moment when descriptors run out, to turn a peer away
  std::uint64_t sweep_timer_ = 0, burial_ = 0;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> gone_;  ///< destroyed outside their own calls
};

}  // namespace m8::lab
