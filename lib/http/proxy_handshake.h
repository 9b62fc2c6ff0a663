/// ProxyHandshake: what is said to a proxy until a connection leads to the target: SOCKS5 (RFC
/// 1928, RFC 1929) or CONNECT (RFC 9110 9.3.6). Bytes in, bytes out; no sockets, one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/proxy.h"
#include "http/response_parser.h"
#include "net/address.h"

namespace m8::http {

/// Where the connection shall lead.
struct ProxyGoal {
  std::string host;                  ///< for a proxy that looks names up, and for CONNECT
  std::optional<net::IpAddress> ip;  ///< given to SOCKS5 instead of the name
  std::uint16_t port = 0;
};

/// The value of Proxy-Authorization; empty without a login.
std::string proxy_authorization(const Proxy& proxy);

class ProxyHandshake {
 public:
  /// \p proxy is borrowed.
  ProxyHandshake(const Proxy& proxy, ProxyGoal goal);

  /// What to send now; empty if nothing. Each byte is given once.
  std::string take_output() { return std::exchange(output_, {}); }
  /// Takes what the proxy sent. Errors begin with "proxy NAME: ": kDenied (login, rule), kRefused
  /// (the target can't be reached), kNetwork (the proxy failed to), kProtocol (no such answer).
  Status feed(std::string_view bytes);
  /// The next byte is the target's.
  bool through() const { return state_ == State::kThrough; }

 private:
  enum class State { kMethod, kLogin, kReply, kConnect, kThrough };
  Status feed_connect(std::string_view bytes);
  Result<bool> step();
  Result<bool> on_method();
  Result<bool> on_login();
  Result<bool> on_reply();
  void ask_to_connect();
  Error error(ErrorCode code, std::string_view reason) const;

  const Proxy& proxy_;
  const ProxyGoal goal_;
  State state_;
  std::string input_;  ///< what of a SOCKS5 message has come
  std::string output_;
  ResponseParser parser_;  ///< of the answer to CONNECT
};

}  // namespace m8::http
