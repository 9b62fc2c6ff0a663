#include "dsl/crypt.h"

#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/freed.h"
#include "base/guarded.h"

namespace m8::dsl {
namespace {

using CipherPtr = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free>>;

constexpr int kBlockBytes = 16;
constexpr int kTagBytes = 16;

Error bad(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }
Error failed(const char* what) {
  return {ErrorCode::kInternal, fmt::format("{}: the cryptographic library failed", what)};
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

struct Ciphers {
  const EVP_CIPHER* cbc;
  const EVP_CIPHER* gcm;
};

/// By key length; null ones for any other.
Ciphers ciphers(std::size_t key_bytes) {
  switch (key_bytes) {
    case 16:
      return {EVP_aes_128_cbc(), EVP_aes_128_gcm()};
    case 24:
      return {EVP_aes_192_cbc(), EVP_aes_192_gcm()};
    case 32:
      return {EVP_aes_256_cbc(), EVP_aes_256_gcm()};
    default:
      return {nullptr, nullptr};
  }
}

/// The ciphertext; with a tag behind it when \p tag_bytes is not 0.
Result<std::string> encrypt(const EVP_CIPHER* cipher, std::string_view plain, std::string_view key,
                            std::string_view iv, int tag_bytes) {
  const CipherPtr context(EVP_CIPHER_CTX_new());
  std::string out(plain.size() + kBlockBytes, '\0');
  int first = 0;
  int last = 0;
  const bool done =
      context != nullptr &&
      EVP_EncryptInit_ex(context.get(), cipher, nullptr, bytes(key), bytes(iv)) == 1 &&
      EVP_EncryptUpdate(context.get(), bytes(out), &first, bytes(plain),
                        static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), bytes(out) + first, &last) == 1;
  if (!done) return failed("aes");
  out.resize(static_cast<std::size_t>(first + last));
  if (tag_bytes == 0) return out;
  std::string tag(static_cast<std::size_t>(tag_bytes), '\0');
  if (EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, tag_bytes, tag.data()) != 1) {
    return failed("aes");
  }
  return out + tag;
}

Result<std::string> encrypt_rsa_once(std::string_view plain, std::string_view pem) {
  const BioPtr source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (source == nullptr) return failed("rsa");
  const KeyPtr key(PEM_read_bio_PUBKEY(source.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return bad("invalid PEM format");
  if (EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA) return bad("not an RSA public key");
  const KeyContextPtr context(EVP_PKEY_CTX_new(key.get(), nullptr));
  std::string out(static_cast<std::size_t>(EVP_PKEY_size(key.get())), '\0');
  std::size_t size = out.size();
  const bool done =
      context != nullptr && EVP_PKEY_encrypt_init(context.get()) == 1 &&
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
      EVP_PKEY_encrypt(context.get(), bytes(out), &size, bytes(plain), plain.size()) == 1;
  if (!done) return bad("crypto/rsa: message too long for RSA key size");
  out.resize(size);
  return out;
}

}  // namespace

Result<std::string> encrypt_aes_cbc(std::string_view plain, std::string_view key,
                                    std::string_view iv) {
  const EVP_CIPHER* cipher = ciphers(key.size()).cbc;
  if (cipher == nullptr) return bad(fmt::format("crypto/aes: invalid key size {}", key.size()));
  if (iv.size() != kBlockBytes) return bad("IV length must equal block size");
  return encrypt(cipher, plain, key, iv, 0);
}

Result<std::string> encrypt_aes_gcm(std::string_view plain, std::string_view key,
                                    std::string_view nonce) {
  const EVP_CIPHER* cipher = ciphers(key.size()).gcm;
  if (cipher == nullptr) return bad(fmt::format("crypto/aes: invalid key size {}", key.size()));
  if (nonce.size() != kGcmNonceBytes) return bad("incorrect nonce length given to GCM");
  return encrypt(cipher, plain, key, nonce, kTagBytes);
}

Result<std::string> encrypt_rsa(std::string_view plain, std::string_view pem) {
  constexpr std::size_t kMaxEntries = 256;
  using Cache = std::map<std::pair<std::string, std::string>, std::string>;
  static Guarded<Cache> cache;
  auto held = cache.lock();
  const auto key = std::pair(std::string(plain), std::string(pem));
  const auto found = held->find(key);
  if (found != held->end()) return found->second;
  const std::string sealed = M8_TRY(encrypt_rsa_once(plain, pem));
  if (held->size() >= kMaxEntries) held->clear();
  held->emplace(key, sealed);
  return sealed;
}

}  // namespace m8::dsl
