/// Encryption for helpers (dsl.md 7.3), on OpenSSL.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::dsl {

inline constexpr std::size_t kGcmNonceBytes = 12;

/// PKCS#7-padded. kInvalidArgument unless \p key has 16, 24 or 32 bytes and \p iv 16.
Result<std::string> encrypt_aes_cbc(std::string_view plain, std::string_view key,
                                    std::string_view iv);
/// Ciphertext and its 16-byte tag. \p nonce has kGcmNonceBytes. kInvalidArgument
/// "crypto/aes: invalid key size N".
Result<std::string> encrypt_aes_gcm(std::string_view plain, std::string_view key,
                                    std::string_view nonce);
/// PKCS#1 v1.5 with a PKIX public key in PEM; the same plain text and key give the same result
/// within a process. kInvalidArgument "invalid PEM format", "not an RSA public key", or too long.
Result<std::string> encrypt_rsa(std::string_view plain, std::string_view pem);

}  // namespace m8::dsl
