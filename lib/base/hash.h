/// Hashes: digests as lower-case hex, MurmurHash3, base64, and a seeded hash for maps keyed by
/// strangers' data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace m8 {

std::string md5_hex(std::string_view data);
std::string sha1_hex(std::string_view data);
std::string sha256_hex(std::string_view data);
std::string sha512_hex(std::string_view data);
/// Raw bytes of digest \p name ("sha256"). kInvalidArgument for an unknown one.
Result<std::string> digest(const char* name, std::string_view data);
/// HMAC, raw bytes.
Result<std::string> hmac(const char* name, std::string_view key, std::string_view data);

/// MurmurHash3 x86 32-bit.
std::uint32_t murmur3(std::string_view data, std::uint32_t seed = 0);

/// SipHash-free, fast, seeded once per process at random.
std::uint64_t seeded_hash(std::string_view data);
/// Hasher for std::unordered_map<std::string, ...> keyed by peers' data; transparent.
struct SeededHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view data) const {
    return static_cast<std::size_t>(seeded_hash(data));
  }
};

std::string hex_encode(std::string_view data);
Result<std::string> hex_decode(std::string_view text);  ///< kInvalidArgument
std::string base64_encode(std::string_view data);
std::string base64_url_encode(std::string_view data);      ///< no padding
Result<std::string> base64_decode(std::string_view text);  ///< strict standard, CR and LF ignored

/// \p bytes of cryptographic randomness.
void random_bytes(void* out, std::size_t bytes);

}  // namespace m8
