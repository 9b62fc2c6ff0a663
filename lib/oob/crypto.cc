#include "oob/crypto.h"

#include <memory>
#include <utility>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/freed.h"
#include "base/hash.h"

namespace m8::oob {
namespace {

using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

constexpr std::size_t kMaxPublicKeyBytes = 8192;
constexpr const char* kTitle = "RSA PUBLIC KEY";

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Error broken(const char* what) { return {ErrorCode::kProtocol, what}; }

Error no_key() { return {ErrorCode::kInvalidArgument, "not an RSA public key"}; }

/// What is between the PEM lines.
Result<std::string> read_pem(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  char *name = nullptr, *header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (!bio || PEM_read_bio(bio.get(), &name, &header, &data, &size) != 1) return no_key();
  std::string out(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(data);
  return out;
}

Result<Key> read_public_key(std::string_view text) {
  if (text.size() > kMaxPublicKeyBytes) return no_key();
  const auto pem = base64_decode(text);
  if (!pem.ok()) return no_key();
  const std::string der = M8_TRY(read_pem(*pem));
  const unsigned char* at = bytes_of(std::string_view(der));
  Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!key) {
    at = bytes_of(std::string_view(der));
    key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(der.size())));
  }
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return no_key();
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < 1024 || bits > 4096) return no_key();
  return key;
}

bool use_oaep(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;
}

/// Both modes are streams: what goes in has the length of what comes out.
Result<std::string> run_cipher(const EVP_CIPHER* cipher, bool encrypts, std::string_view text,
                               std::pair<std::string_view, std::string_view> key_and_iv) {
  const auto& [key, iv] = key_and_iv;
  if (key.size() != kAesKeyBytes) return broken("the AES key has not 32 bytes");
  const CipherContext context(EVP_CIPHER_CTX_new());
  std::string out(text.size() + kAesBlockBytes, '\0');
  int size = 0;
  const bool done =
      context &&
      EVP_CipherInit_ex(context.get(), cipher, nullptr, bytes_of(key), bytes_of(iv), encrypts) &&
      EVP_CipherUpdate(context.get(), bytes_of(out), &size, bytes_of(text),
                       static_cast<int>(text.size()));
  if (!done) return Error{ErrorCode::kInternal, "AES failed"};
  out.resize(static_cast<std::size_t>(size));
  return out;
}

Result<std::string> decrypt(const EVP_CIPHER* cipher, std::string_view sealed,
                            std::string_view key) {
  if (sealed.size() < kAesBlockBytes) return broken("too short to be encrypted");
  return run_cipher(cipher, false, sealed.substr(kAesBlockBytes),
                    {key, sealed.substr(0, kAesBlockBytes)});
}

}  // namespace

Result<KeyPair> KeyPair::generate() {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  if (key == nullptr) return Error{ErrorCode::kInternal, "no RSA key could be made"};
  return KeyPair(key);
}

Result<KeyPair> KeyPair::from_pem(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  EVP_PKEY* key = bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr) : nullptr;
  if (key == nullptr) return Error{ErrorCode::kInvalidArgument, "not a private key in PEM"};
  return KeyPair(key);
}

KeyPair::~KeyPair() { EVP_PKEY_free(static_cast<EVP_PKEY*>(key_)); }

KeyPair::KeyPair(KeyPair&& other) noexcept : key_(std::exchange(other.key_, nullptr)) {}

Result<std::string> KeyPair::public_key() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(static_cast<EVP_PKEY*>(key_), &der);
  const Bio bio(BIO_new(BIO_s_mem()));
  const bool written =
      size > 0 && bio && PEM_write_bio(bio.get(), kTitle, "", der, static_cast<long>(size)) > 0;
  OPENSSL_free(der);
  if (!written) return Error{ErrorCode::kInternal, "the public key could not be written"};
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return base64_encode({text, static_cast<std::size_t>(length)});
}

Result<std::string> KeyPair::open_key(std::string_view sealed) const {
  const KeyContext context(EVP_PKEY_CTX_new(static_cast<EVP_PKEY*>(key_), nullptr));
  std::size_t size = 0;
  const bool ready =
      context && EVP_PKEY_decrypt_init(context.get()) == 1 && use_oaep(context.get()) &&
      EVP_PKEY_decrypt(context.get(), nullptr, &size, bytes_of(sealed), sealed.size()) == 1;
  std::string out(size, '\0');
  if (!ready ||
      EVP_PKEY_decrypt(context.get(), bytes_of(out), &size, bytes_of(sealed), sealed.size()) != 1)
    return broken("the AES key was not encrypted for us");
  out.resize(size);
  return out;
}

Result<std::string> seal_key(std::string_view aes_key, std::string_view public_key) {
  const Key key = M8_TRY(read_public_key(public_key));
  const KeyContext context(EVP_PKEY_CTX_new(key.get(), nullptr));
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key.get()));
  std::string out(size, '\0');
  const bool done =
      context && EVP_PKEY_encrypt_init(context.get()) == 1 && use_oaep(context.get()) &&
      EVP_PKEY_encrypt(context.get(), bytes_of(out), &size, bytes_of(aes_key), aes_key.size()) == 1;
  if (!done) return Error{ErrorCode::kInternal, "RSA failed"};
  out.resize(size);
  return out;
}

Status check_public_key(std::string_view public_key) {
  M8_TRY(read_public_key(public_key));
  return {};
}

Result<std::string> encrypt(std::string_view plain, std::string_view key) {
  std::string iv(kAesBlockBytes, '\0');
  random_bytes(iv.data(), iv.size());
  return iv + M8_TRY(run_cipher(EVP_aes_256_ctr(), true, plain, {key, iv}));
}

Result<std::string> decrypt_ctr(std::string_view sealed, std::string_view key) {
  return decrypt(EVP_aes_256_ctr(), sealed, key);
}

Result<std::string> decrypt_cfb(std::string_view sealed, std::string_view key) {
  return decrypt(EVP_aes_256_cfb128(), sealed, key);
}

}  // namespace m8::oob
