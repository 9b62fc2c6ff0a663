#include "base/hash.h"

#include <array>
#include <bit>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace m8 {
namespace {

std::string hex_digest(const EVP_MD* algorithm, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  EVP_Digest(data.data(), data.size(), out.data(), &size, algorithm, nullptr);
  return hex_encode({reinterpret_cast<const char*>(out.data()), size});
}

std::uint64_t load64(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

std::uint32_t load32(const char* at) {
  std::uint32_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// The high and low half of a 128-bit product, folded: the mixing step of wyhash.
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string encode64(std::string_view data, const char* alphabet, bool pad) {
  std::string out;
  out.reserve((data.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < data.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, data.size() - i);
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      word = word << 8 | (k < n ? static_cast<unsigned char>(data[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      if (k <= n) {
        out += alphabet[word >> (18 - 6 * k) & 63];
      } else if (pad) {
        out += '=';
      }
    }
  }
  return out;
}

constexpr char kStandard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kUrlSafe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int digit64(char c) {
  const char* at = c == '\0' ? nullptr : std::strchr(kStandard, c);
  return at ? static_cast<int>(at - kStandard) : -1;
}

/// Go's words and offsets.
Error bad_base64(std::size_t offset) {
  return {ErrorCode::kInvalidArgument, fmt::format("illegal base64 data at input byte {}", offset)};
}

/// \p text from its first '=' at \p at, which follows \p digits of a group of four.
Status check_padding(std::string_view text, std::size_t at, std::size_t digits) {
  if (digits < 2) return bad_base64(at);
  const auto next = [&text](std::size_t from) {
    return std::min(text.find_first_not_of("\r\n", from), text.size());
  };
  std::size_t end = next(at + 1);
  if (digits == 2) {
    if (end == text.size()) return bad_base64(end);
    if (text[end] != '=') return bad_base64(end - 1);
    end = next(end + 1);
  }
  if (end < text.size()) return bad_base64(end);
  return {};
}

}  // namespace

std::string md5_hex(std::string_view data) { return hex_digest(EVP_md5(), data); }
std::string sha1_hex(std::string_view data) { return hex_digest(EVP_sha1(), data); }
std::string sha256_hex(std::string_view data) { return hex_digest(EVP_sha256(), data); }
std::string sha512_hex(std::string_view data) { return hex_digest(EVP_sha512(), data); }

Result<std::string> digest(const char* name, std::string_view data) {
  const EVP_MD* algorithm = EVP_get_digestbyname(name);
  if (!algorithm) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("digest: unknown algorithm {}", name)};
  }
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(out.data()), &size,
             algorithm, nullptr);
  out.resize(size);
  return out;
}

Result<std::string> hmac(const char* name, std::string_view key, std::string_view data) {
  const EVP_MD* algorithm = EVP_get_digestbyname(name);
  if (!algorithm) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("hmac: unknown algorithm {}", name)};
  }
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  HMAC(algorithm, key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(data.data()), data.size(),
       reinterpret_cast<unsigned char*>(out.data()), &size);
  out.resize(size);
  return out;
}

std::uint32_t murmur3(std::string_view data, std::uint32_t seed) {
  constexpr std::uint32_t c1 = 0xcc9e2d51, c2 = 0x1b873593;
  std::uint32_t h = seed;
  std::size_t i = 0;
  for (; i + 4 <= data.size(); i += 4) {
    h ^= std::rotl(load32(data.data() + i) * c1, 15) * c2;
    h = std::rotl(h, 13) * 5 + 0xe6546b64;
  }
  std::uint32_t tail = 0;
  for (std::size_t k = data.size(); k > i; --k) {
    tail = tail << 8 | static_cast<unsigned char>(data[k - 1]);
  }
  h ^= std::rotl(tail * c1, 15) * c2;
  h ^= static_cast<std::uint32_t>(data.size());
  h = (h ^ h >> 16) * 0x85ebca6b;
  h = (h ^ h >> 13) * 0xc2b2ae35;
  return h ^ h >> 16;
}

std::uint64_t seeded_hash(std::string_view data) {
  static const std::uint64_t seed = [] {
    std::uint64_t value;
    random_bytes(&value, sizeof value);
    return value;
  }();
  constexpr std::uint64_t k0 = 0x9e3779b97f4a7c15, k1 = 0xd6e8feb86659fd93;
  std::uint64_t h = seed ^ data.size() * k0;
  std::size_t i = 0;
  for (; i + 16 <= data.size(); i += 16) {
    h = mix(load64(data.data() + i) ^ k0 ^ h, load64(data.data() + i + 8) ^ k1 ^ seed);
  }
  char tail[16] = {};
  data.copy(tail, sizeof tail, i);
  return mix(mix(load64(tail) ^ k1 ^ h, load64(tail + 8) ^ k0 ^ seed), k1 ^ seed);
}

std::string hex_encode(std::string_view data) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(data.size() * 2);
  for (const char c : data) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

Result<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) {
    return Error{ErrorCode::kInvalidArgument, "hex: odd length hex string"};
  }
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) {
      const char bad = high < 0 ? text[i] : text[i + 1];
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("hex: invalid byte 0x{:02x}", static_cast<unsigned char>(bad))};
    }
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

std::string base64_encode(std::string_view data) { return encode64(data, kStandard, true); }
std::string base64_url_encode(std::string_view data) { return encode64(data, kUrlSafe, false); }

Result<std::string> base64_decode(std::string_view text) {
  std::string out;
  std::uint32_t word = 0;
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r' || c == '\n') continue;
    if (c == '=') {
      M8_TRY(check_padding(text, i, digits));
      if (digits == 2) out += static_cast<char>(word >> 4);
      if (digits == 3) {
        out += static_cast<char>(word >> 10);
        out += static_cast<char>(word >> 2);
      }
      return out;
    }
    const int digit = digit64(c);
    if (digit < 0) return bad_base64(i);
    word = word << 6 | static_cast<std::uint32_t>(digit);
    if (++digits == 4) {
      out += static_cast<char>(word >> 16);
      out += static_cast<char>(word >> 8);
      out += static_cast<char>(word);
      word = 0;
      digits = 0;
    }
  }
  if (digits > 0) return bad_base64(text.size() - digits);
  return out;
}

void random_bytes(void* out, std::size_t bytes) {
  RAND_bytes(static_cast<unsigned char*>(out), static_cast<int>(bytes));
}

}  // namespace m8
