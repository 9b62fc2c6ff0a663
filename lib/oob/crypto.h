/// What interactions are sealed with (protocols 10.3, 10.4), on OpenSSL.
///
/// The server draws an AES key per client, sends it encrypted with the client's RSA key
/// (OAEP, SHA-256 for hash and MGF1), and each interaction encrypted with that AES key.
/// Pure functions but for what is drawn at random; a key pair may be shared by threads.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::oob {

inline constexpr std::size_t kAesKeyBytes = 32;
inline constexpr std::size_t kAesBlockBytes = 16;

/// The client's half.
class KeyPair {
 public:
  /// RSA of 2048 bits; some 100 ms. kInternal if the library can't.
  static Result<KeyPair> generate();
  /// From a private key in PEM, for test vectors. kInvalidArgument.
  static Result<KeyPair> from_pem(std::string_view pem);
  ~KeyPair();
  KeyPair(KeyPair&& other) noexcept;
  KeyPair& operator=(KeyPair&&) = delete;

  /// Base64 of the public key in PEM: SubjectPublicKeyInfo under the title "RSA PUBLIC KEY", as
  /// the field's clients write it.
  Result<std::string> public_key() const;
  /// What seal_key() made of its argument. kProtocol if it was not made for this key.
  Result<std::string> open_key(std::string_view sealed) const;

 private:
  explicit KeyPair(void* key) : key_(key) {}
  void* key_;  ///< EVP_PKEY*, owned
};

/// The server's half: \p public_key as KeyPair::public_key() makes it, PKIX or PKCS#1 under any
/// title. kInvalidArgument if it is no RSA key of 1024 to 4096 bits.
Result<std::string> seal_key(std::string_view aes_key, std::string_view public_key);
/// The check of seal_key() alone.
Status check_public_key(std::string_view public_key);

/// 16 random bytes and the AES-256-CTR text of \p plain. REQUIRES: a key of kAesKeyBytes.
Result<std::string> encrypt(std::string_view plain, std::string_view key);
/// The plain text of what encrypt() made. kProtocol if \p sealed has no 16 bytes.
Result<std::string> decrypt_ctr(std::string_view sealed, std::string_view key);
/// The same of an older server, which used AES-256-CFB.
Result<std::string> decrypt_cfb(std::string_view sealed, std::string_view key);

}  // namespace m8::oob
