/// The practice target: a DNS zone and web hosts on loopback, in one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/dns_server.h"
#include "lab/faults.h"
#include "lab/plan.h"
#include "lab/web_server.h"
#include "net/address.h"
#include "net/poller.h"

namespace m8::lab {

inline constexpr std::uint16_t kUsualDnsPort = 18053;
inline constexpr std::uint16_t kUsualWebPort = 18080;

struct LabOptions {
  std::string apex = "lab.test";
  /// Unset: the usual port, or any other when that is taken. 0: any. Else this one or kExists.
  std::optional<std::uint16_t> dns_port, web_port;
  std::size_t extra_hosts = 0;     ///< plain web hosts beside the sites, up to kMaxExtraHosts
  std::size_t body_bytes = 1000;   ///< of each of their pages
  bool broken_hosts = false;       ///< also the hosts that break HTTP
  std::size_t numbered_names = 0;  ///< see Zone::add_numbered()
  Faults faults;
  /// Further DNS servers for the zone, each with faults of its own, on any ports.
  std::vector<Faults> more_resolvers;
};

class Lab {
 public:
  /// Binds everything. kExists (a port is taken), kDenied, kExhausted (descriptors),
  /// kInvalidArgument (the apex is no name, too many hosts).
  static Result<std::unique_ptr<Lab>> create(const LabOptions& options);

  const Plan& plan() const { return plan_; }
  const net::SocketAddress& dns_address() const { return dns_->address(); }
  /// Where the further servers answer, in the order of the options.
  std::vector<net::SocketAddress> more_resolvers() const;
  std::uint16_t web_port() const { return web_port_; }
  const DnsServer::Counters& dns_counters() const { return dns_->counters(); }
  const WebServer::Counters& web_counters() const { return web_->counters(); }

  /// Serves until stopped. One thread; the counters may be read when it has returned.
  void run(std::stop_token stop);

 private:
  Lab(net::Poller poller, Plan plan, const LabOptions& options);
  Status listen_dns();
  Status listen_more_dns();
  Status listen_web();
  Status listen_web_on(std::uint16_t port);

  const LabOptions options_;
  net::Poller poller_;
  Plan plan_;
  std::uint16_t web_port_ = 0;
  std::unique_ptr<DnsServer> dns_;
  std::vector<std::unique_ptr<DnsServer>> more_dns_;
  std::unique_ptr<WebServer> web_;
};

}  // namespace m8::lab
