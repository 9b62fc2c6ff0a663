/// The resolvers that are asked: a connected socket, a window and a record of failures for each.
///
/// Connected sockets make the kernel drop what comes from any other address, save it a route
/// look-up for each datagram, and tell us of a closed port at once. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "dns/inflight.h"
#include "dns/send_window.h"
#include "net/address.h"
#include "net/poller.h"

namespace m8::dns {

/// One resolver. A plain record: the query engine reads and writes it.
struct Upstream final : net::Poller::Handler {
  net::SocketAddress address;
  std::string text;  ///< "192.0.2.1:53"
  Fd socket;
  std::uint16_t index = 0;
  SendWindow window;
  std::size_t in_flight = 0;
  bool edns = true;             ///< false once it was found not to understand EDNS
  bool waits_for_room = false;  ///< the socket's send buffer is full: EPOLLOUT is awaited
  std::vector<InflightTable::Index> outgoing;  ///< queued to be sent, in order
  std::function<void(Upstream&, std::uint32_t)> on_ready;

  Upstream(net::SocketAddress to, std::size_t most_in_flight, SteadyTime now)
      : address(to), text(to.to_string()), window(most_in_flight, now) {}
  void ready(std::uint32_t events) override { on_ready(*this, events); }
  bool has_room() const { return in_flight < window.size() && !waits_for_room; }
};

class ResolverPool {
 public:
  static constexpr std::uint16_t kNone = 0xffff;

  /// Opens a socket for each of \p servers (1..65534). kInvalidArgument for an empty list,
  /// kExhausted without descriptors, kNetwork for an unreachable family.
  static Result<ResolverPool> open(const std::vector<net::SocketAddress>& servers,
                                   std::size_t most_in_flight, SteadyTime now);

  std::size_t size() const { return upstreams_.size(); }
  Upstream& operator[](std::size_t index) { return *upstreams_[index]; }

  bool has_room() const;

  /// The next resolver in turn that has room, never \p avoid unless it is the only one; null if
  /// none has room. O(1) amortised, O(size) when all are full.
  Upstream* next(std::uint16_t avoid = kNone);

 private:
  std::vector<std::unique_ptr<Upstream>> upstreams_;
  std::size_t cursor_ = 0;
};

}  // namespace m8::dns
