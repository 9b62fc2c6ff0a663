/// SmtpServer: listens and runs an SmtpSession on each connection.
///
/// Everything runs on the poller's thread. Connections are bounded in number and time.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "net/address.h"
#include "net/poller.h"
#include "oob/smtp_session.h"

namespace m8::oob {

struct SmtpServerOptions {
  net::SocketAddress address;  ///< port 0 picks one
  std::string host;            ///< what the server calls itself
  SmtpLimits limits;
  std::size_t max_connections = 500;
  std::chrono::milliseconds idle_timeout{30'000};
  std::chrono::milliseconds max_time{300'000};  ///< of a connection in all
};

class SmtpServer {
 public:
  /// Told of each message and its sender's address.
  using Receiver =
      std::function<void(const Mail& mail, const std::string& answer, const net::IpAddress& peer)>;
  /// False: \p peer is sent away.
  using Gate = std::function<bool(const net::IpAddress& peer)>;

  /// \p poller is borrowed. kExists, kDenied.
  static Result<std::unique_ptr<SmtpServer>> create(net::Poller& poller, SmtpServerOptions options,
                                                    Gate gate, Receiver receiver);
  ~SmtpServer();

  const net::SocketAddress& address() const { return address_; }
  std::size_t connections() const { return connections_.size(); }

 private:
  class Accept;
  class Connection;

  SmtpServer(net::Poller& poller, SmtpServerOptions options, Gate gate, Receiver receiver);
  void adopt(Fd socket, const net::IpAddress& peer);
  void forget(Connection& connection);

  net::Poller& poller_;
  const SmtpServerOptions options_;
  const Gate gate_;
  const Receiver receiver_;
  net::SocketAddress address_;
  std::unique_ptr<Accept> accept_;
  std::uint64_t burial_ = 0;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> gone_;  ///< destroyed outside their own calls
};

}  // namespace m8::oob
