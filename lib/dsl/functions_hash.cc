// Hashes, encryption and tokens (dsl.md 7.3).
#include <fmt/format.h>

#include "base/hash.h"
#include "dsl/crypt.h"
#include "dsl/function.h"
#include "dsl/jwt.h"
#include "dsl/number.h"
#include "dsl/unicode.h"

namespace m8::dsl {
namespace {

Result<Value> md5(const Call& call) { return Value(md5_hex(Text(call[0]))); }
Result<Value> sha1(const Call& call) { return Value(sha1_hex(Text(call[0]))); }
Result<Value> sha256(const Call& call) { return Value(sha256_hex(Text(call[0]))); }
Result<Value> sha512(const Call& call) { return Value(sha512_hex(Text(call[0]))); }

Result<Value> hmac_hex(const Call& call) {
  const std::string_view name = M8_TRY(call.string(0));
  const std::string_view data = M8_TRY(call.string(1));
  const std::string_view key = M8_TRY(call.string(2));
  for (const auto& [spelling, digest] :
       {std::pair{"sha1", "sha1"}, std::pair{"sha-1", "sha1"}, std::pair{"sha256", "sha256"},
        std::pair{"sha-256", "sha256"}, std::pair{"sha512", "sha512"},
        std::pair{"sha-512", "sha512"}}) {
    if (name != spelling) continue;
    const std::string raw = M8_TRY(hmac(digest, key, data));
    return Value(hex_encode(raw));
  }
  return bad_argument(fmt::format("unsupported hash algorithm: '{}'", name));
}

/// Signed decimal, as favicon databases have it.
Result<Value> mmh3(const Call& call) {
  return Value(std::to_string(static_cast<std::int32_t>(murmur3(Text(call[0])))));
}

Result<Value> aes_cbc(const Call& call) {
  const std::string_view plain = M8_TRY(call.string(0));
  const std::string_view key = M8_TRY(call.string(1));
  const std::string_view iv = M8_TRY(call.string(2));
  std::string sealed = M8_TRY(encrypt_aes_cbc(plain, key, iv));
  return Value(Bytes{std::move(sealed)});
}

Result<Value> aes_gcm(const Call& call) {
  const std::string_view key = M8_TRY(call.string(0));
  const std::string_view plain = M8_TRY(call.string(1));
  std::string nonce(kGcmNonceBytes, '\0');
  call.services().random(nonce.data(), nonce.size());
  const std::string sealed = M8_TRY(encrypt_aes_gcm(plain, key, nonce));
  return Value(Bytes{nonce + sealed});
}

Result<Value> rsa_encrypt(const Call& call) {
  const auto plain = call.string(0);
  const auto key = call.string(1);
  if (!plain.ok() || !key.ok()) return bad_argument("invalid arguments");
  const std::string sealed = M8_TRY(encrypt_rsa(*plain, *key));
  return Value(base64_encode(sealed));
}

Result<Value> generate_jwt(const Call& call) {
  if (call.size() < 2 || call.size() > 4) return bad_signature();
  JwtRequest request;
  request.claims = M8_TRY(call.string(0));
  request.algorithm = M8_TRY(call.string(1));
  if (call.size() > 2) request.key = M8_TRY(call.string(2));
  if (call.size() > 3) request.expires = M8_TRY(call.integer(3));
  const auto now = call.services().clock().wall().time_since_epoch();
  request.now = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  std::string token = M8_TRY(make_jwt(request));
  return Value(Bytes{std::move(token)});
}

constexpr Function kFunctions[] = {
    {"md5", 1, md5},
    {"sha1", 1, sha1},
    {"sha256", 1, sha256},
    {"sha512", 1, sha512},
    {"hmac", 3, hmac_hex},
    {"mmh3", 1, mmh3},
    {"aes_cbc", 3, aes_cbc},
    {"aes_gcm", 2, aes_gcm},
    {"rsa_encrypt", 2, rsa_encrypt},
    {"generate_jwt", -1, generate_jwt,
     "(jsonString, algorithm, optionalSignature string, optionalMaxAgeUnix interface{}) string"},
};

}  // namespace

std::span<const Function> hash_functions() { return kFunctions; }

}  // namespace m8::dsl
