#include "net/tls.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "base/freed.h"
#include "net/address.h"

namespace m8::net {
namespace {

using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

constexpr unsigned char kAlpn[] = "\x08http/1.1";
constexpr unsigned kAlpnSize = sizeof kAlpn - 1;
constexpr unsigned char kAlpnHttp2[] = "\x02h2\x08http/1.1";
constexpr unsigned kAlpnHttp2Size = sizeof kAlpnHttp2 - 1;
constexpr long kCertificateSeconds = 10L * 365 * 24 * 3600;

SSL* ssl_of(void* native) { return static_cast<SSL*>(native); }

/// The oldest error of the library's queue, which is the cause; empties the queue.
std::string library_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown failure";
  if (const char* reason = ERR_reason_error_string(code)) return reason;
  return fmt::format("error {:x}", code);
}

Error tls_error(ErrorCode code, std::string_view what) {
  return {code, fmt::format("tls {}: {}", what, library_reason())};
}

/// What the failed call on \p ssl means. \p what names the call in errors.
Result<IoState> state_of(SSL* ssl, int result, std::string_view what) {
  const int saved_errno = errno;
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
      return IoState::kWantRead;
    case SSL_ERROR_WANT_WRITE:
      return IoState::kWantWrite;
    case SSL_ERROR_ZERO_RETURN:
      return IoState::kClosed;
    case SSL_ERROR_SYSCALL: {
      ERR_clear_error();
      const std::string action = fmt::format("tls {}", what);
      if (saved_errno == 0) return Error{ErrorCode::kNetwork, action + ": connection closed"};
      Error error = errno_error(action, saved_errno);
      error.code = ErrorCode::kNetwork;
      return error;
    }
    default:
      return tls_error(ErrorCode::kProtocol, what);
  }
}

int choose_http(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kAlpn, kAlpnSize, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

bool add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_names(X509* certificate, const std::string& common_name) {
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* bytes = reinterpret_cast<const unsigned char*>(common_name.data());
  const bool is_address = IpAddress::parse(common_name).ok();
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes,
                                    static_cast<int>(common_name.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 &&
         add_extension(certificate, NID_subject_alt_name,
                       (is_address ? "IP:" : "DNS:") + common_name);
}

Certificate make_certificate(EVP_PKEY* key, const std::string& common_name) {
  Certificate certificate(X509_new());
  std::uint32_t serial = 0;
  const bool made =
      certificate && RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1 &&
      X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
      ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial | 1) == 1 &&
      X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600) &&
      X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kCertificateSeconds) &&
      X509_set_pubkey(certificate.get(), key) == 1 && set_names(certificate.get(), common_name) &&
      X509_sign(certificate.get(), key, EVP_sha256()) > 0;
  return made ? std::move(certificate) : nullptr;
}

void set_common_modes(SSL_CTX* context) {
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::target_client(bool offer_http2) {
  Context context(SSL_CTX_new(TLS_client_method()));
  if (!context) return tls_error(ErrorCode::kInternal, "client");
  set_common_modes(context.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // Many servers close without a close_notify; old ones know no secure renegotiation.
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT);
  if (SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(context.get(), 0) != 1 ||
      SSL_CTX_set_cipher_list(context.get(), "ALL:COMPLEMENTOFALL") != 1 ||
      SSL_CTX_set_alpn_protos(context.get(), offer_http2 ? kAlpnHttp2 : kAlpn,
                              offer_http2 ? kAlpnHttp2Size : kAlpnSize) != 0) {
    return tls_error(ErrorCode::kInternal, "client");
  }
  return std::shared_ptr<TlsContext>(new TlsContext(context.release()));
}

Result<std::shared_ptr<TlsContext>> TlsContext::self_signed_server(const std::string& common_name) {
  if (common_name.empty() || common_name.size() > 64 ||
      common_name.find_first_of(",:\n") != common_name.npos) {
    return Error{ErrorCode::kInvalidArgument,
                 "tls server: common name is not a host name of at most 64 bytes"};
  }
  Context context(SSL_CTX_new(TLS_server_method()));
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = key ? make_certificate(key.get(), common_name) : nullptr;
  if (!context || !certificate) return tls_error(ErrorCode::kInternal, "server");
  set_common_modes(context.get());
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_http, nullptr);
  if (SSL_CTX_use_certificate(context.get(), certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1) {
    return tls_error(ErrorCode::kInternal, "server");
  }
  return std::shared_ptr<TlsContext>(new TlsContext(context.release()));
}

Result<std::shared_ptr<TlsContext>> TlsContext::service_client(const std::string& more_ca) {
  Context context(SSL_CTX_new(TLS_client_method()));
  if (!context) return tls_error(ErrorCode::kInternal, "client");
  set_common_modes(context.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_default_verify_paths(context.get()) != 1) {
    return tls_error(ErrorCode::kInternal, "client");
  }
  if (!more_ca.empty() &&
      SSL_CTX_load_verify_locations(context.get(), more_ca.c_str(), nullptr) != 1) {
    return tls_error(ErrorCode::kInvalidArgument, "certificates of " + more_ca);
  }
  return std::shared_ptr<TlsContext>(new TlsContext(context.release()));
}

TlsContext::~TlsContext() { SSL_CTX_free(static_cast<SSL_CTX*>(native_)); }

TlsStream::TlsStream(std::shared_ptr<TlsContext> context, void* native)
    : context_(std::move(context)), native_(native) {}

TlsStream::~TlsStream() { SSL_free(ssl_of(native_)); }

Result<std::unique_ptr<TlsStream>> TlsStream::open(std::shared_ptr<TlsContext> context, int fd) {
  SSL* ssl = SSL_new(static_cast<SSL_CTX*>(context->native()));
  if (!ssl) return tls_error(ErrorCode::kExhausted, "stream");
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(context), ssl));
  if (SSL_set_fd(ssl, fd) != 1) return tls_error(ErrorCode::kInternal, "stream");
  return stream;
}

Status TlsStream::begin_client(const std::string& server_name) {
  SSL* ssl = ssl_of(native_);
  SSL_set_connect_state(ssl);
  // RFC 6066 3: no addresses, no final dot.
  const std::string name =
      server_name.ends_with('.') ? server_name.substr(0, server_name.size() - 1) : server_name;
  // A name too long for the extension is left out: the server may answer all the same.
  if (!name.empty() && !IpAddress::parse(name)) {
    (void)SSL_set_tlsext_host_name(ssl, name.c_str());
    ERR_clear_error();
  }
  if (SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE) return {};
  const bool is_address = IpAddress::parse(name).ok();
  const int set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str())
                             : SSL_set1_host(ssl, name.c_str());
  if (name.empty() || set != 1) return tls_error(ErrorCode::kInvalidArgument, "peer's name");
  return {};
}

Result<std::unique_ptr<TlsStream>> TlsStream::client(std::shared_ptr<TlsContext> context, int fd,
                                                     const std::string& server_name) {
  auto stream = M8_TRY(open(std::move(context), fd));
  M8_TRY(stream->begin_client(server_name));
  return stream;
}

Result<std::unique_ptr<TlsStream>> TlsStream::client(std::shared_ptr<TlsContext> context,
                                                     std::unique_ptr<TlsStream> outer,
                                                     const std::string& server_name) {
  SSL* ssl = SSL_new(static_cast<SSL_CTX*>(context->native()));
  if (!ssl) return tls_error(ErrorCode::kExhausted, "stream");
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(context), ssl));
  BIO* bio = BIO_new(BIO_f_ssl());
  if (!bio) return tls_error(ErrorCode::kExhausted, "stream");
  BIO_set_ssl(bio, ssl_of(outer->native_), BIO_NOCLOSE);
  SSL_set_bio(ssl, bio, bio);
  stream->outer_ = std::move(outer);
  M8_TRY(stream->begin_client(server_name));
  return stream;
}

Result<std::unique_ptr<TlsStream>> TlsStream::server(std::shared_ptr<TlsContext> context, int fd) {
  auto stream = M8_TRY(open(std::move(context), fd));
  SSL_set_accept_state(ssl_of(stream->native_));
  return stream;
}

Result<IoState> TlsStream::handshake() {
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(ssl_of(native_));
  if (result == 1) return IoState::kDone;
  const auto state = state_of(ssl_of(native_), result, "handshake");
  if (state && *state == IoState::kClosed) {
    return Error{ErrorCode::kProtocol, "tls handshake: closed by the peer"};
  }
  return state;
}

Result<IoState> TlsStream::read(std::span<char> buffer, std::size_t& done) {
  done = 0;
  ERR_clear_error();
  errno = 0;
  const int result = SSL_read_ex(ssl_of(native_), buffer.data(), buffer.size(), &done);
  return result == 1 ? IoState::kDone : state_of(ssl_of(native_), result, "read");
}

Result<IoState> TlsStream::write(std::span<const char> bytes, std::size_t& done) {
  done = 0;
  ERR_clear_error();
  errno = 0;
  const int result = SSL_write_ex(ssl_of(native_), bytes.data(), bytes.size(), &done);
  return result == 1 ? IoState::kDone : state_of(ssl_of(native_), result, "write");
}

}  // namespace m8::net
