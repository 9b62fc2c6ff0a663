#include "oob/identity.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "base/hash.h"

namespace m8::oob {
namespace {

constexpr std::string_view kBase32Hex = "0123456789abcdefghijklmnopqrstuv";
constexpr std::string_view kZBase32 = "ybndrfg8ejkmcpqxot1uwisza345h769";
constexpr std::size_t kXidBytes = 12;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

bool is_host_byte(char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

/// 96 bits as 20 digits: the last carries one bit and four zeros.
std::string encode_xid(const std::array<std::uint8_t, kXidBytes>& bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const std::uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (held += 8; held >= 5; held -= 5) out += kBase32Hex[bits >> (held - 5) & 31];
  }
  out += kBase32Hex[bits << (5 - held) & 31];
  return out;
}

/// The id that \p label holds; empty if none. A label may be longer: "x-<id>" or "<id>y".
std::string id_in(std::string_view label) {
  for (std::size_t at = 0; at + kUniqueIdChars <= label.size(); ++at) {
    const std::string_view window = label.substr(at, kUniqueIdChars);
    if (!std::all_of(window.begin(), window.end(), is_letter_or_digit)) continue;
    std::string id = lowered(window);
    if (is_correlation_id(std::string_view(id).substr(0, kCorrelationIdChars))) return id;
  }
  return {};
}

}  // namespace

std::string make_correlation_id(WallTime now) {
  std::array<std::uint8_t, kXidBytes> bytes{};
  random_bytes(bytes.data(), bytes.size());
  const auto seconds = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(seconds >> (24 - 8 * i));
  return encode_xid(bytes);
}

std::string make_nonce() {
  std::array<std::uint8_t, kNonceChars> bytes{};
  random_bytes(bytes.data(), bytes.size());
  std::string out;
  for (const std::uint8_t byte : bytes) out += kZBase32[byte & 31];
  return out;
}

std::string make_secret() {
  std::array<char, 16> bytes{};
  random_bytes(bytes.data(), bytes.size());
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = hex_encode({bytes.data(), bytes.size()});
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

bool is_correlation_id(std::string_view text) {
  if (text.size() != kCorrelationIdChars || (text.back() != '0' && text.back() != 'g'))
    return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return kBase32Hex.find(c) != std::string_view::npos; });
}

std::vector<Mention> find_mentions(std::string_view text, std::size_t most) {
  std::vector<Mention> out;
  for (std::size_t at = 0; at < text.size() && out.size() < most;) {
    if (!is_host_byte(text[at])) {
      ++at;
      continue;
    }
    // One host name, label by label.
    const std::size_t begin = at;
    while (at < text.size() && is_host_byte(text[at])) ++at;
    for (std::size_t label = begin; label < at && out.size() < most;) {
      const std::size_t end = std::min(text.find('.', label), at);
      std::string id = id_in(text.substr(label, end - label));
      const bool known = std::any_of(out.begin(), out.end(),
                                     [&](const Mention& one) { return one.unique_id == id; });
      if (!id.empty() && !known)
        out.push_back({std::move(id), std::string(text.substr(begin, end - begin))});
      label = end + 1;
    }
  }
  return out;
}

}  // namespace m8::oob
