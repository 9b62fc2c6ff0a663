#include "net/jarm.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/hash.h"

namespace m8::net {
namespace {

enum class Order { kForward, kReverse, kTopHalf, kBottomHalf, kMiddleOut };
enum class Versions { kNone, kUpTo12, kUpTo13 };

struct Hello {
  int minor;  ///< of the protocol version 3.x that is asked for
  bool with_tls13_ciphers;
  Order ciphers;
  bool grease;
  bool rare_alpn;
  Versions versions;
  Order extensions;  ///< of ALPN and the versions
};

constexpr Hello kHellos[kJarmProbes] = {
    {3, true, Order::kForward, false, false, Versions::kUpTo12, Order::kReverse},
    {3, true, Order::kReverse, false, false, Versions::kUpTo12, Order::kForward},
    {3, true, Order::kTopHalf, false, false, Versions::kNone, Order::kForward},
    {3, true, Order::kBottomHalf, false, true, Versions::kNone, Order::kForward},
    {3, true, Order::kMiddleOut, true, true, Versions::kNone, Order::kReverse},
    {2, true, Order::kForward, false, false, Versions::kNone, Order::kForward},
    {4, true, Order::kForward, false, false, Versions::kUpTo13, Order::kReverse},
    {4, true, Order::kReverse, false, false, Versions::kUpTo13, Order::kForward},
    {4, false, Order::kForward, false, false, Versions::kUpTo13, Order::kForward},
    {4, true, Order::kMiddleOut, true, false, Versions::kUpTo13, Order::kReverse},
};

constexpr std::uint16_t kCiphers[] = {
    0x0016, 0x0033, 0x0067, 0xc09e, 0xc0a2, 0x009e, 0x0039, 0x006b, 0xc09f, 0xc0a3, 0x009f, 0x0045,
    0x00be, 0x0088, 0x00c4, 0x009a, 0xc008, 0xc009, 0xc023, 0xc0ac, 0xc0ae, 0xc02b, 0xc00a, 0xc024,
    0xc0ad, 0xc0af, 0xc02c, 0xc072, 0xc073, 0xcca9, 0x1302, 0x1301, 0xcc14, 0xc007, 0xc012, 0xc013,
    0xc027, 0xc02f, 0xc014, 0xc028, 0xc030, 0xc060, 0xc061, 0xc076, 0xc077, 0xcca8, 0x1305, 0x1304,
    0x1303, 0xcc13, 0xc011, 0x000a, 0x002f, 0x003c, 0xc09c, 0xc0a0, 0x009c, 0x0035, 0x003d, 0xc09d,
    0xc0a1, 0x009d, 0x0041, 0x00ba, 0x0084, 0x00c0, 0x0007, 0x0004, 0x0005};

/// A cipher's number in the fingerprint is its place here, from 1.
constexpr std::uint16_t kCipherOrder[] = {
    0x0004, 0x0005, 0x0007, 0x000a, 0x0016, 0x002f, 0x0033, 0x0035, 0x0039, 0x003c, 0x003d, 0x0041,
    0x0045, 0x0067, 0x006b, 0x0084, 0x0088, 0x009a, 0x009c, 0x009d, 0x009e, 0x009f, 0x00ba, 0x00be,
    0x00c0, 0x00c4, 0xc007, 0xc008, 0xc009, 0xc00a, 0xc011, 0xc012, 0xc013, 0xc014, 0xc023, 0xc024,
    0xc027, 0xc028, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xc060, 0xc061, 0xc072, 0xc073, 0xc076, 0xc077,
    0xc09c, 0xc09d, 0xc09e, 0xc09f, 0xc0a0, 0xc0a1, 0xc0a2, 0xc0a3, 0xc0ac, 0xc0ad, 0xc0ae, 0xc0af,
    0xcc13, 0xcc14, 0xcca8, 0xcca9, 0x1301, 0x1302, 0x1303, 0x1304, 0x1305};

const std::vector<std::string> kCommonAlpn = {
    "http/0.9", "http/1.0", "http/1.1", "spdy/1", "spdy/2", "spdy/3", "h2", "h2c", "hq"};
const std::vector<std::string> kRareAlpn = {"http/0.9", "http/1.0", "spdy/1", "spdy/2",
                                            "spdy/3",   "h2c",      "hq"};

std::string two(std::size_t number) {
  return {static_cast<char>((number >> 8) & 0xff), static_cast<char>(number & 0xff)};
}
/// \p body behind its length in two bytes.
std::string sized(const std::string& body) { return two(body.size()) + body; }
std::string extension(std::uint16_t type, const std::string& body) {
  return two(type) + sized(body);
}
std::string random_text(std::size_t size) {
  std::string out(size, '\0');
  random_bytes(out.data(), size);
  return out;
}
std::string grease() {
  std::uint8_t random = 0;
  random_bytes(&random, 1);
  const char byte = static_cast<char>((random & 0xf0) | 0x0a);
  return {byte, byte};
}

template <typename T>
std::vector<T> reorder(std::vector<T> items, Order order) {
  const std::size_t middle = items.size() / 2;
  const bool odd = items.size() % 2 == 1;
  std::vector<T> out;
  switch (order) {
    case Order::kForward:
      return items;
    case Order::kReverse:
      std::reverse(items.begin(), items.end());
      return items;
    case Order::kBottomHalf:
      return {items.begin() + static_cast<std::ptrdiff_t>(middle + odd), items.end()};
    case Order::kTopHalf: {
      if (odd) out.push_back(items[middle]);
      const auto half = reorder(reorder(std::move(items), Order::kReverse), Order::kBottomHalf);
      out.insert(out.end(), half.begin(), half.end());
      return out;
    }
    case Order::kMiddleOut:
      break;
  }
  if (odd) out.push_back(items[middle]);
  for (std::size_t i = 1; i <= middle; ++i) {
    out.push_back(items[odd ? middle + i : middle - 1 + i]);
    out.push_back(items[middle - i]);
  }
  return out;
}

std::string cipher_list(const Hello& hello) {
  std::vector<std::uint16_t> ciphers;
  for (const std::uint16_t cipher : kCiphers)
    if (hello.with_tls13_ciphers || (cipher >> 8) != 0x13) ciphers.push_back(cipher);
  std::string out = hello.grease ? grease() : std::string();
  for (const std::uint16_t cipher : reorder(std::move(ciphers), hello.ciphers)) out += two(cipher);
  return out;
}

std::string alpn_extension(const Hello& hello) {
  std::string names;
  for (const std::string& name :
       reorder(hello.rare_alpn ? kRareAlpn : kCommonAlpn, hello.extensions))
    names += static_cast<char>(name.size()) + name;
  return extension(0x0010, sized(names));
}

std::string key_share_extension(const Hello& hello) {
  std::string share = hello.grease ? grease() + std::string("\0\1\0", 3) : std::string();
  share += std::string("\0\x1d\0\x20", 4) + random_text(32);
  return extension(0x0033, sized(share));
}

std::string versions_extension(const Hello& hello) {
  if (hello.versions == Versions::kNone) return {};
  std::vector<std::uint16_t> versions = {0x0301, 0x0302, 0x0303};
  if (hello.versions == Versions::kUpTo13) versions.push_back(0x0304);
  std::string list = hello.grease ? grease() : std::string();
  for (const std::uint16_t version : reorder(std::move(versions), hello.extensions))
    list += two(version);
  return extension(0x002b, static_cast<char>(list.size()) + list);
}

std::string extensions(const Hello& hello, std::string_view host) {
  std::string out = hello.grease ? extension(0, {}).replace(0, 2, grease()) : std::string();
  out += extension(0x0000, sized('\0' + sized(std::string(host.substr(0, 255)))));
  out += extension(0x0017, {});
  out += extension(0x0001, "\x01");
  out += extension(0xff01, std::string(1, '\0'));
  out += extension(0x000a, sized(std::string("\0\x1d\0\x17\0\x18\0\x19", 8)));
  out += extension(0x000b, std::string("\1\0", 2));
  out += extension(0x0023, {});
  out += alpn_extension(hello);
  out += extension(0x000d, sized("\4\3\x8\4\4\1\5\3\x8\5\5\1\x8\6\6\1\2\1"));
  out += key_share_extension(hello);
  out += extension(0x002d, "\1\1");
  return out + versions_extension(hello);
}

std::size_t number_at(std::string_view bytes, std::size_t at) {
  if (at + 2 > bytes.size()) return 0;
  return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])) << 8 |
         static_cast<unsigned char>(bytes[at + 1]);
}

/// ALPN's choice, and the types of all extensions. \p id is the length of the session id.
std::string describe_extensions(std::string_view bytes, std::size_t id) {
  const std::size_t hello_length = number_at(bytes, 3);
  const auto byte = [&](std::size_t at) { return at < bytes.size() ? bytes[at] : '\0'; };
  if (byte(id + 47) == 11 || bytes.substr(std::min(id + 50, bytes.size()), 3) == "\x0e\xac\x0b" ||
      bytes.substr(std::min<std::size_t>(82, bytes.size()), 3) == "\x0f\xf0\x0b" ||
      id + 42 >= hello_length)
    return "|";
  // The original's bound: the last byte of the list is never looked at by itself.
  const std::size_t end = std::min(id + 49 + number_at(bytes, id + 47) - 1, bytes.size());
  std::string alpn, types;
  for (std::size_t at = id + 49; at < end && at + 4 <= bytes.size();) {
    const std::size_t size = number_at(bytes, at + 2);
    const std::string_view type = bytes.substr(at, 2);
    if (type == std::string_view("\0\x10", 2) && size > 3)
      alpn = bytes.substr(std::min(at + 7, bytes.size()), size - 3);
    types += (types.empty() ? "" : "-") + hex_encode(type);
    at += size + 4;
  }
  return alpn + '|' + types;
}

std::string cipher_text(std::string_view hex) {
  if (hex.empty()) return "00";
  std::size_t place = 1;
  for (const std::uint16_t cipher : kCipherOrder) {
    if (fmt::format("{:04x}", cipher) == hex) break;
    ++place;
  }
  return fmt::format("{:02x}", place);
}

char version_text(std::string_view hex) {
  if (hex.size() != 4 || hex[3] < '0' || hex[3] > '5') return '0';
  return static_cast<char>('a' + (hex[3] - '0'));
}

/// The part of \p answer up to a bar, which is taken off.
std::string_view next_field(std::string_view& answer) {
  const std::size_t end = std::min(answer.find('|'), answer.size());
  const std::string_view field = answer.substr(0, end);
  answer.remove_prefix(std::min(end + 1, answer.size()));
  return field;
}

}  // namespace

std::string jarm_hello(std::size_t index, std::string_view host) {
  const Hello& hello = kHellos[index % kJarmProbes];
  const char version = static_cast<char>(std::min(hello.minor, 3));
  std::string body{'\3', version};
  body += random_text(32);
  body += '\x20' + random_text(32);
  body += sized(cipher_list(hello));
  body += std::string("\1\0", 2);
  body += sized(extensions(hello, host));
  const std::string handshake = std::string("\1\0", 2) + sized(body);
  return std::string{'\x16', '\3', hello.minor == 4 ? '\1' : version} + sized(handshake);
}

std::string jarm_answer(std::string_view bytes) {
  if (bytes.size() < 46 || bytes[0] != 22 || bytes[5] != 2) return "|||";
  const std::size_t id = static_cast<unsigned char>(bytes[43]);
  if (bytes.size() < id + 46) return "|||";
  return hex_encode(bytes.substr(id + 44, 2)) + '|' + hex_encode(bytes.substr(9, 2)) + '|' +
         describe_extensions(bytes, id);
}

std::string jarm_hash(const std::array<std::string, kJarmProbes>& answers) {
  const bool none = std::all_of(answers.begin(), answers.end(),
                                [](const std::string& answer) { return answer == "|||"; });
  if (none) return std::string(62, '0');
  std::string fuzzy, rest;
  for (std::string_view answer : answers) {
    fuzzy += cipher_text(next_field(answer));
    fuzzy += version_text(next_field(answer));
    rest += next_field(answer);
    rest += answer;
  }
  return fuzzy + sha256_hex(rest).substr(0, 32);
}

}  // namespace m8::net
