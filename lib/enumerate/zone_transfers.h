/// ZoneTransfers: asks name servers for whole zones (AXFR, RFC 5936), one at a time, on a thread of
/// its own. Nearly all refuse; one that does not gives every name away.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/channel.h"
#include "base/result.h"
#include "dns/wire.h"
#include "enumerate/learned.h"
#include "net/address.h"
#include "net/rate_limiter.h"
#include "net/scope.h"

namespace m8::enumerate {

struct TransferLimits {
  std::uint64_t most_bytes = 256u << 20;
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds silence{10'000};  ///< between two messages
  std::chrono::milliseconds whole{120'000};
};

/// Reads one message of a transfer. \p soas counts the SOA records: the second one ends it. Gives
/// the owners of the others to \p take; returns their number. kDenied for an rcode or an answer
/// without a zone, kProtocol.
Result<std::uint64_t> read_transfer(dns::Bytes message, int& soas,
                                    const std::function<void(std::string_view)>& take);

/// One transfer: \p take gets the owner of each record, lower case, as often as it is there.
/// Returns the number of records. kDenied if the server refuses (REFUSED, NOTAUTH, a closed
/// connection), kExhausted above \p limits, kNetwork, kTimeout, kProtocol; kCancelled. What came
/// before an error was taken.
Result<std::uint64_t> transfer_zone(const std::string& zone, const net::SocketAddress& server,
                                    const TransferLimits& limits,
                                    const std::function<void(std::string_view)>& take,
                                    const std::stop_token& stop);

class ZoneTransfers {
 public:
  struct Counts {
    std::atomic<std::uint64_t> tried{0};
    std::atomic<std::uint64_t> open{0};  ///< zones that were given, at least in part
  };

  /// \p scope: addresses that are excluded are not asked. \p port: of name servers, 53 but for
  /// tests. \p rate: attempts. All borrowed.
  ZoneTransfers(Learned& learned, const net::Scope& scope, net::Rate rate, std::uint16_t port,
                Clock& clock);
  ~ZoneTransfers() { end(); }

  /// Asks \p ip for \p zone, once each, later; never waits. The engine's thread. Not if another
  /// server has given the zone by then.
  void add(const std::string& zone, const net::IpAddress& ip);
  /// What is under way ends at once, what waits is dropped. Idempotent.
  void end();
  const Counts& counts() const { return counts_; }

 private:
  struct Wanted {
    std::string zone;
    net::SocketAddress server;
    Learned::Hold hold;
  };
  void run(const std::stop_token& stop);
  /// Another server gave the zone, or this one did not even take a connection.
  bool needless(const Wanted& wanted) const;
  void transfer(const Wanted& wanted, const std::stop_token& stop);

  Learned& learned_;
  const net::Scope& scope_;
  const std::uint16_t port_;
  Clock& clock_;
  net::RateLimiter rate_;
  std::set<std::pair<std::string, net::IpAddress>> known_;
  std::set<std::string> given_;    ///< zones; the thread's, as the next
  std::set<net::IpAddress> deaf_;  ///< servers
  Channel<Wanted> wanted_;
  Counts counts_;
  std::jthread thread_;
};

}  // namespace m8::enumerate
