#include "net/address.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

namespace m8::net {
namespace {

constexpr std::uint64_t kMaxCount = std::uint64_t{1} << 63;

Error bad_address(std::string_view text) {
  return {ErrorCode::kInvalidArgument, fmt::format("address '{}': not an IP address", text)};
}

Result<std::uint16_t> parse_port(std::string_view text, std::string_view whole) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("address '{}': port is not a number from 0 to 65535", whole)};
  }
  return port;
}

bool in_v4_range(std::uint32_t address, std::uint32_t base, int prefix) {
  return (address ^ base) >> (32 - prefix) == 0;
}

bool is_private_v4(std::uint32_t address) {
  return in_v4_range(address, 0x00000000, 8) || in_v4_range(address, 0x0a000000, 8) ||
         in_v4_range(address, 0x7f000000, 8) || in_v4_range(address, 0xa9fe0000, 16) ||
         in_v4_range(address, 0xac100000, 12) || in_v4_range(address, 0xc0a80000, 16);
}

/// Adds \p index to the big-endian number in \p bytes.
void add_to(std::uint8_t* bytes, std::size_t size, std::uint64_t index) {
  for (std::size_t i = size; i-- > 0 && index > 0;) {
    index += bytes[i];
    bytes[i] = static_cast<std::uint8_t>(index & 0xff);
    index >>= 8;
  }
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress ip;
  for (unsigned i = 0; i < 4; ++i) {
    ip.bytes_[i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  }
  return ip;
}

IpAddress IpAddress::v4(const std::array<std::uint8_t, 4>& bytes) {
  IpAddress ip;
  std::copy(bytes.begin(), bytes.end(), ip.bytes_.begin());
  return ip;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& bytes) {
  IpAddress ip;
  ip.bytes_ = bytes;
  ip.v4_ = false;
  return ip;
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  std::string_view bare = text;
  const bool bracketed = bare.size() > 2 && bare.front() == '[' && bare.back() == ']';
  if (bracketed) bare = bare.substr(1, bare.size() - 2);
  char buffer[INET6_ADDRSTRLEN + 1];
  // inet_pton() reads to a NUL: one inside the text would hide what follows.
  if (bare.size() >= sizeof buffer || bare.find('\0') != bare.npos) return bad_address(text);
  bare.copy(buffer, bare.size());
  buffer[bare.size()] = '\0';
  IpAddress ip;
  if (!bracketed && inet_pton(AF_INET, buffer, ip.bytes_.data()) == 1) return ip;
  if (inet_pton(AF_INET6, buffer, ip.bytes_.data()) != 1) return bad_address(text);
  ip.v4_ = false;
  return ip;
}

std::uint32_t IpAddress::as_v4() const {
  return std::uint32_t{bytes_[0]} << 24 | std::uint32_t{bytes_[1]} << 16 |
         std::uint32_t{bytes_[2]} << 8 | bytes_[3];
}

IpAddress IpAddress::unmapped() const {
  static constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (v4_ || !std::equal(std::begin(kMapped), std::end(kMapped), bytes_.begin())) return *this;
  return v4({bytes_[12], bytes_[13], bytes_[14], bytes_[15]});
}

bool IpAddress::is_loopback() const {
  const IpAddress ip = unmapped();
  if (ip.v4_) return ip.bytes_[0] == 127;
  return std::all_of(ip.bytes_.begin(), ip.bytes_.end() - 1, [](auto b) { return b == 0; }) &&
         ip.bytes_[15] == 1;
}

bool IpAddress::is_private() const {
  const IpAddress ip = unmapped();
  if (ip.v4_) return is_private_v4(ip.as_v4());
  if (ip.is_loopback()) return true;
  const bool unspecified =
      std::all_of(ip.bytes_.begin(), ip.bytes_.end(), [](auto b) { return b == 0; });
  const bool unique_local = (ip.bytes_[0] & 0xfe) == 0xfc;
  const bool link_local = ip.bytes_[0] == 0xfe && (ip.bytes_[1] & 0xc0) == 0x80;
  return unspecified || unique_local || link_local;
}

std::string IpAddress::to_string() const {
  if (v4_) return fmt::format("{}.{}.{}.{}", bytes_[0], bytes_[1], bytes_[2], bytes_[3]);
  char buffer[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, bytes_.data(), buffer, sizeof buffer);
  return buffer;
}

Result<SocketAddress> SocketAddress::parse(std::string_view text, std::uint16_t default_port) {
  if (auto ip = IpAddress::parse(text)) return SocketAddress{*ip, default_port};
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return bad_address(text);
  const std::string_view host = text.substr(0, colon);
  // "::1:53" would be read as an address above; anything else with more than one colon needs
  // brackets.
  if (host.find(':') != host.npos && host.front() != '[') return bad_address(text);
  const auto ip = IpAddress::parse(host);
  if (!ip) return bad_address(text);
  return SocketAddress{*ip, M8_TRY(parse_port(text.substr(colon + 1), text))};
}

SocketAddress SocketAddress::from(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in6;
    std::memcpy(&in6, &storage, sizeof in6);
    std::array<std::uint8_t, 16> bytes;
    std::memcpy(bytes.data(), &in6.sin6_addr, bytes.size());
    return {IpAddress::v6(bytes), ntohs(in6.sin6_port)};
  }
  sockaddr_in in4;
  std::memcpy(&in4, &storage, sizeof in4);
  return {IpAddress::v4(ntohl(in4.sin_addr.s_addr)), ntohs(in4.sin_port)};
}

socklen_t SocketAddress::to(sockaddr_storage& storage) const {
  storage = {};
  if (ip.is_v6()) {
    sockaddr_in6 in6{};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(port);
    std::memcpy(&in6.sin6_addr, ip.data(), ip.size());
    std::memcpy(&storage, &in6, sizeof in6);
    return sizeof in6;
  }
  sockaddr_in in4{};
  in4.sin_family = AF_INET;
  in4.sin_port = htons(port);
  std::memcpy(&in4.sin_addr, ip.data(), ip.size());
  std::memcpy(&storage, &in4, sizeof in4);
  return sizeof in4;
}

std::string SocketAddress::to_string() const {
  return ip.is_v4() ? fmt::format("{}:{}", ip.to_string(), port)
                    : fmt::format("[{}]:{}", ip.to_string(), port);
}

Result<Cidr> Cidr::parse(std::string_view text) {
  const Error bad{ErrorCode::kInvalidArgument,
                  fmt::format("range '{}': not address/prefix such as 10.0.0.0/8", text)};
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return bad;
  const auto ip = IpAddress::parse(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  int prefix = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (!ip || digits.empty() || digits.front() == '-' || error != std::errc() ||
      end != digits.data() + digits.size() || prefix > static_cast<int>(ip->size() * 8)) {
    return bad;
  }
  return Cidr(*ip, prefix);
}

Cidr::Cidr(const IpAddress& ip, int prefix) : prefix_(prefix) {
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), ip.data(), ip.size());
  for (std::size_t i = 0; i < ip.size(); ++i) {
    const int kept = std::clamp(prefix - static_cast<int>(i) * 8, 0, 8);
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00 >> kept));
  }
  base_ =
      ip.is_v6() ? IpAddress::v6(bytes) : IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]});
}

bool Cidr::contains(const IpAddress& ip) const {
  return ip.is_v4() == base_.is_v4() && Cidr(ip, prefix_).base_ == base_;
}

std::uint64_t Cidr::count() const {
  const int host_bits = static_cast<int>(base_.size()) * 8 - prefix_;
  return host_bits >= 63 ? kMaxCount : std::uint64_t{1} << host_bits;
}

IpAddress Cidr::at(std::uint64_t index) const {
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), base_.data(), base_.size());
  add_to(bytes.data(), base_.size(), index);
  return base_.is_v6() ? IpAddress::v6(bytes)
                       : IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]});
}

std::string Cidr::to_string() const { return fmt::format("{}/{}", base_.to_string(), prefix_); }

}  // namespace m8::net

std::size_t std::hash<m8::net::IpAddress>::operator()(const m8::net::IpAddress& ip) const noexcept {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(ip.data()), ip.size()});
}

std::size_t std::hash<m8::net::SocketAddress>::operator()(
    const m8::net::SocketAddress& address) const noexcept {
  return std::hash<m8::net::IpAddress>{}(address.ip) * 31 + address.port;
}
