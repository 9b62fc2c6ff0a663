#include "dsl/ip_format.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "net/address.h"

namespace m8::dsl {
namespace {

Error no_result() { return {ErrorCode::kInvalidArgument, "no formatted IP returned"}; }

/// The last four bytes, which is what most formats look at.
std::span<const std::uint8_t, 4> quad(const net::IpAddress& ip) {
  return std::span<const std::uint8_t, 4>(ip.data() + ip.size() - 4, 4);
}

/// The whole address as a number in \p base.
std::string number_text(const net::IpAddress& ip, unsigned base) {
  std::array<std::uint8_t, 16> bytes{};
  std::copy_n(ip.data(), ip.size(), bytes.end() - static_cast<std::ptrdiff_t>(ip.size()));
  std::string digits;
  while (std::any_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b != 0; })) {
    unsigned remainder = 0;
    for (std::uint8_t& byte : bytes) {
      const unsigned value = remainder << 8 | byte;
      byte = static_cast<std::uint8_t>(value / base);
      remainder = value % base;
    }
    digits.insert(digits.begin(), static_cast<char>('0' + remainder));
  }
  return digits.empty() ? "0" : digits;
}

/// Drops every run of zeros that a dot follows, and what is left of one at the end.
std::string without_zero_parts(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && text[end] == '0') ++end;
    if (end > i && end < text.size() && text[end] == '.') {
      i = end + 1;
    } else {
      out.append(text.substr(i, std::max<std::size_t>(end - i, 1)));
      i = std::max(end, i + 1);
    }
  }
  const std::size_t kept = out.find_last_not_of("0^");
  if (kept != std::string::npos && kept + 1 < out.size() && out[kept] == '.') out.erase(kept);
  return out;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out;
}

/// The last part grows over 255 by what the third one holds.
Result<std::string> overflowed(std::span<const std::uint8_t, 4> q) {
  if (q[3] != 0) return no_result();
  return fmt::format("{}.{}.{}", q[0], q[1], q[2] + 255);
}

Result<std::string> format_quad(const net::IpAddress& ip, int format) {
  const auto q = quad(ip);
  switch (format) {
    case 3:
      return fmt::format("{:04o}.{:#o}.{:#o}.{:#o}", q[0], q[1], q[2], q[3]);
    case 4:
      return fmt::format("{:#x}.{:#x}.{:#x}.{:#x}", q[0], q[1], q[2], q[3]);
    case 7:
      return fmt::format("{:#x}.{}.{:#o}.{:#x}", q[0], q[1], q[2], q[3]);
    case 8:
      return fmt::format("::ffff:{:02x}{:02x}:{:02x}{:02x}", q[0], q[1], q[2], q[3]);
    case 10:
      if (ip.is_v6()) return no_result();
      return fmt::format("{:03}.{:03}.{:03}.{:03}", q[0], q[1], q[2], q[3]);
    default:
      return overflowed(q);
  }
}

}  // namespace

Result<std::string> format_ip(std::string_view text, int format) {
  if (format == 2) return without_zero_parts(text);
  if (format == 9) return percent_encoded(text);
  // An IPv4 address in the IPv6 notation is the IPv4 address.
  const bool mapped = text.starts_with("::ffff:") && text.find('.') != std::string_view::npos;
  const auto ip = net::IpAddress::parse(mapped ? text.substr(7) : text);
  if (!ip.ok()) {
    if (format == 1 || format == 5) return std::string("<nil>");
    return no_result();
  }
  if (format == 1) return ip->to_string();
  if (format == 5) return number_text(*ip, 10);
  if (format == 6) return number_text(*ip, 2);
  return format_quad(*ip, format);
}

}  // namespace m8::dsl
