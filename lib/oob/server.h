/// Server: an interaction server of one's own: DNS, HTTP, HTTPS and SMTP for one domain, and the
/// protocol by which clients register and fetch what came (protocols 10).
///
/// DNS and SMTP run on the thread of run(), HTTP on threads of its own. Memory is bounded per
/// client and in all (SessionLimits); addresses that come too often get nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/listener.h"
#include "net/address.h"
#include "net/poller.h"
#include "oob/dns_answers.h"
#include "oob/rate_gate.h"
#include "oob/sessions.h"
#include "oob/smtp_server.h"
#include "serve/server.h"

namespace m8::oob {

struct ServerOptions {
  std::string domain;                     ///< what URLs end with
  std::vector<net::IpAddress> addresses;  ///< what its names have; empty: where we listen
  std::string token;                      ///< clients must send it; empty = anybody may register
  net::IpAddress listen = net::IpAddress::v4(0x7f000001);
  std::uint16_t dns_port = 8053, http_port = 8080, https_port = 8443, smtp_port = 8025;  ///< 0: any
  std::string certificate, key;  ///< PEM text; empty: no HTTPS
  SessionLimits sessions;
  std::size_t max_request = 64u << 10;  ///< bytes kept of a request
  std::uint32_t per_second = 1000;      ///< requests of one address, all protocols; 0 = any number
  unsigned http_threads = 2;
  unsigned max_connections = 1000;  ///< HTTP, and half as many for SMTP
};

class Server {
 public:
  /// Interactions by protocol, whether a client wanted them or not.
  struct Counters {
    std::uint64_t dns = 0, http = 0, smtp = 0, malformed = 0, refused = 0;
    Sessions::Counters sessions;
  };

  /// Listens everywhere; serves HTTP at once, the rest in run(). \p clock is borrowed. kExists,
  /// kDenied; kInvalidArgument for a domain or certificate that is none.
  static Result<std::unique_ptr<Server>> create(ServerOptions options, Clock& clock);
  ~Server();

  /// Serves until \p stop.
  void run(std::stop_token stop);

  const DnsZone& zone() const { return zone_; }
  const net::SocketAddress& dns_address() const { return dns_->address(); }
  const net::SocketAddress& http_address() const { return http_->address(); }
  /// Null without a certificate.
  const net::SocketAddress* https_address() const { return https_ ? &https_->address() : nullptr; }
  const net::SocketAddress& smtp_address() const { return smtp_->address(); }
  Counters counters() const;

 private:
  Server(ServerOptions options, net::Poller poller, Clock& clock);
  Status listen();
  serve::Routes routes();
  std::string answer_dns(dns::Bytes wire, const net::IpAddress& peer, bool udp);
  serve::Response answer_http(const serve::Request& request);
  void take_mail(const Mail& mail, const std::string& answer, const net::IpAddress& peer);
  /// Records \p interaction once for each URL that \p text mentions.
  void record(model::Interaction interaction, std::string_view text);

  serve::Response register_client(const serve::Request& request);
  serve::Response poll(const serve::Request& request);
  serve::Response deregister(const serve::Request& request);
  bool may_ask(const serve::Request& request) const;

  const ServerOptions options_;
  Clock& clock_;
  DnsZone zone_;
  RateGate gate_;
  Sessions sessions_;
  net::Poller poller_;
  std::atomic<std::uint64_t> dns_count_{0}, http_count_{0}, smtp_count_{0};
  std::atomic<std::uint64_t> malformed_{0}, refused_{0};
  std::unique_ptr<dns::Listener> dns_;
  std::unique_ptr<SmtpServer> smtp_;
  std::unique_ptr<serve::Server> http_, https_;  ///< their threads use all of the above
};

}  // namespace m8::oob
