/// The lab's DNS server: one zone over UDP and TCP, with losses and lies on request.
///
/// Everything runs on the poller's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "dns/listener.h"
#include "dns/message.h"
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

  const net::SocketAddress& address() const { return listener_->address(); }
  const Counters& counters() const { return counters_; }

 private:
  DnsServer(const Zone& zone, const Faults& faults);
  /// The answer's bytes; empty if \p wire deserves none.
  std::string reply_to(dns::Bytes wire, bool udp);
  bool lie(const dns::Message& query, dns::Message& reply);

  const Zone& zone_;
  const Faults faults_;
  Dice dice_;
  Counters counters_;
  std::unique_ptr<dns::Listener> listener_;
};

}  // namespace m8::lab
