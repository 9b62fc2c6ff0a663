/// The lab's DNS server: one zone over UDP and TCP, with losses and lies on request.
///
/// Everything runs on the poller's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "dns/wire.h"
#include "lab/faults.h"
#include "lab/zone.h"
#include "net/address.h"
#include "net/poller.h"

namespace m8::lab {

class DnsServer {
 public:
  struct Counters {
    std::uint64_t udp = 0, tcp = 0, lost = 0, lies = 0, malformed = 0;
  };

  /// Listens on \p at, UDP and TCP on the same port (0 picks one). \p poller and \p zone are
  /// borrowed. kExists, kDenied.
  static Result<std::unique_ptr<DnsServer>> create(net::Poller& poller, const Zone& zone,
                                                   const net::SocketAddress& at,
                                                   const Faults& faults);
  ~DnsServer();

  const net::SocketAddress& address() const { return address_; }
  const Counters& counters() const { return counters_; }

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

  DnsServer(net::Poller& poller, const Zone& zone, const Faults& faults);
  /// The answer's bytes; empty if \p wire deserves none.
  std::string reply_to(dns::Bytes wire, bool udp);
  bool lie(const dns::Message& query, dns::Message& reply);
  void serve_datagrams(int fd);
  void send(int fd, const Waiting& answer);
  /// Sends what has waited long enough.
  void send_due(int fd);
  void adopt(Fd socket);
  void forget(Stream& stream);

  net::Poller& poller_;
  const Zone& zone_;
  const Faults faults_;
  Dice dice_;
  Counters counters_;
  net::SocketAddress address_;
  std::unique_ptr<Udp> udp_;
  std::unique_ptr<Accept> accept_;
  std::deque<Waiting> waiting_;  ///< in order: all wait equally long
  std::uint64_t waiting_timer_ = 0, burial_ = 0;
  std::unordered_map<Stream*, std::unique_ptr<Stream>> streams_;
  std::vector<std::unique_ptr<Stream>> gone_;  ///< destroyed outside their own calls
};

}  // namespace m8::lab
