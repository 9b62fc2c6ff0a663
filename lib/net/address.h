/// IP addresses, socket addresses and CIDR ranges.
///
/// Plain values; text forms are RFC 4291/5952 for IPv6 and dotted quad for IPv4.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "base/result.h"

namespace m8::net {

/// An IPv4 or IPv6 address. IPv4 occupies the first four bytes.
class IpAddress {
 public:
  IpAddress() = default;  ///< 0.0.0.0
  static IpAddress v4(std::uint32_t host_order);
  static IpAddress v4(const std::array<std::uint8_t, 4>& bytes);
  static IpAddress v6(const std::array<std::uint8_t, 16>& bytes);
  /// kInvalidArgument unless \p text is one address; brackets around IPv6 are accepted.
  static Result<IpAddress> parse(std::string_view text);

  bool is_v4() const { return v4_; }
  bool is_v6() const { return !v4_; }
  /// Host order; REQUIRES: is_v4().
  std::uint32_t as_v4() const;
  /// 4 or 16 bytes, borrowed.
  const std::uint8_t* data() const { return bytes_.data(); }
  std::size_t size() const { return v4_ ? 4 : 16; }
  bool is_loopback() const;
  /// Private, loopback, link-local, unique-local or unspecified.
  bool is_private() const;
  /// ::ffff:1.2.3.4 as 1.2.3.4; any other address itself (RFC 4291 2.5.5.2).
  IpAddress unmapped() const;
  std::string to_string() const;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  bool v4_ = true;
};

/// Address and port.
struct SocketAddress {
  IpAddress ip;
  std::uint16_t port = 0;

  /// "1.2.3.4", "1.2.3.4:53", "::1", "[::1]:53"; without a port \p default_port. kInvalidArgument
  /// else.
  static Result<SocketAddress> parse(std::string_view text, std::uint16_t default_port);
  static SocketAddress from(const sockaddr_storage& storage);
  /// Fills \p storage; returns the length to pass to the kernel.
  socklen_t to(sockaddr_storage& storage) const;
  int family() const { return ip.is_v4() ? AF_INET : AF_INET6; }
  std::string to_string() const;  ///< "1.2.3.4:53", "[::1]:53"
  friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

/// A range such as 10.0.0.0/8. Iterated lazily: `cidr.at(i)` for i < cidr.count().
class Cidr {
 public:
  Cidr() = default;  ///< 0.0.0.0/32
  /// Host bits of \p ip are cleared. REQUIRES: 0 <= prefix <= 32 or 128.
  Cidr(const IpAddress& ip, int prefix);
  /// kInvalidArgument unless address/prefix; host bits are cleared.
  static Result<Cidr> parse(std::string_view text);
  bool contains(const IpAddress& ip) const;
  /// Number of addresses, capped at 2^63.
  std::uint64_t count() const;
  /// \p index below count().
  IpAddress at(std::uint64_t index) const;
  const IpAddress& base() const { return base_; }
  int prefix() const { return prefix_; }
  std::string to_string() const;

 private:
  IpAddress base_;
  int prefix_ = 32;
};

}  // namespace m8::net

template <>
struct std::hash<m8::net::IpAddress> {
  std::size_t operator()(const m8::net::IpAddress& ip) const noexcept;
};
template <>
struct std::hash<m8::net::SocketAddress> {
  std::size_t operator()(const m8::net::SocketAddress& address) const noexcept;
};
