/// Server: a resolver as it is written down: `ip[:port]`, `tls://host[:port]`, `https://host/path`.
///
/// Plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/address.h"

namespace m8::dns {

inline constexpr std::uint16_t kDnsPort = 53;
inline constexpr std::uint16_t kDnsTlsPort = 853;  ///< RFC 7858 3.1

enum class Transport : std::uint8_t {
  kUdp,    ///< and TCP for what does not fit
  kTls,    ///< DNS over TLS, RFC 7858
  kHttps,  ///< DNS over HTTPS, RFC 8484
};

struct Server {
  Transport transport = Transport::kUdp;
  net::SocketAddress address;  ///< kUdp, and kTls when an address is given
  std::string host;            ///< kTls: the name or address that the certificate must bear
  std::uint16_t port = 0;      ///< kTls
  std::string url;             ///< kHttps

  Server() = default;
  Server(const net::SocketAddress& udp) : address(udp) {}  // NOLINT: an address is a server

  /// kInvalidArgument unless \p text is one of the three forms.
  static Result<Server> parse(std::string_view text);
  std::string to_string() const;  ///< "192.0.2.1:53", "tls://dns.example:853", the URL
  friend bool operator==(const Server&, const Server&) = default;
};

}  // namespace m8::dns
