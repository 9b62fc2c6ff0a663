#include "net/tls_peer.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/hash.h"
#include "net/address.h"

namespace m8::net {
namespace {

constexpr int kMaxNames = 1000;
constexpr std::size_t kMaxText = 1024;

struct Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};

const char* version_text(int version) {
  switch (version) {
    case TLS1_VERSION:
      return "tls10";
    case TLS1_1_VERSION:
      return "tls11";
    case TLS1_2_VERSION:
      return "tls12";
    case TLS1_3_VERSION:
      return "tls13";
    default:
      return "";
  }
}

std::string text_of(const ASN1_STRING* value) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, value);
  if (size < 0) return {};
  std::string out(reinterpret_cast<char*>(utf8), std::min<std::size_t>(size, kMaxText));
  OPENSSL_free(utf8);
  return out;
}

std::vector<std::string> entries(const X509_NAME* name, int kind) {
  std::vector<std::string> out;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(name, kind, at)) >= 0;)
    out.push_back(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))));
  return out;
}

std::string first_entry(const X509_NAME* name, int kind) {
  auto all = entries(name, kind);
  return all.empty() ? std::string() : std::move(all.front());
}

/// RFC 4514: "CN=x, O=y", the most specific first.
std::string dn_text(const X509_NAME* name) {
  const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0,
                                 (XN_FLAG_RFC2253 & ~XN_FLAG_SEP_MASK & ~ASN1_STRFLGS_ESC_MSB) |
                                     XN_FLAG_SEP_CPLUS_SPC) < 0)
    return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, std::min<std::size_t>(static_cast<std::size_t>(size), kMaxText));
}

std::string serial_text(X509* certificate) {
  const std::unique_ptr<BIGNUM, Free> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (!number) return {};
  char* hex = BN_bn2hex(number.get());
  if (hex == nullptr) return {};
  std::string out;
  for (const char* at = hex; *at != '\0' && out.size() < kMaxText; ++at) {
    if (at != hex && (at - hex) % 2 == 0) out += ':';
    out += *at;
  }
  OPENSSL_free(hex);
  return out;
}

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string address_text(const ASN1_OCTET_STRING* value) {
  const auto* bytes = ASN1_STRING_get0_data(value);
  const int size = ASN1_STRING_length(value);
  if (size == 4) return IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]}).to_string();
  if (size != 16) return {};
  std::array<std::uint8_t, 16> v6{};
  std::copy_n(bytes, 16, v6.begin());
  return IpAddress::v6(v6).to_string();
}

void read_names(X509* certificate, TlsPeer& peer) {
  const std::unique_ptr<GENERAL_NAMES, Free> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < std::min(sk_GENERAL_NAME_num(names.get()), kMaxNames); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      peer.names.push_back(text_of(name->d.dNSName));
    } else if (name->type == GEN_IPADD) {
      peer.names.push_back(address_text(name->d.iPAddress));
    } else if (name->type == GEN_EMAIL) {
      peer.emails.push_back(text_of(name->d.rfc822Name));
    }
  }
  peer.wildcard = peer.subject_cn.starts_with("*.");
  for (const std::string& name : peer.names) peer.wildcard |= name.starts_with("*.");
}

bool is_for(X509* certificate, const std::string& host) {
  if (IpAddress::parse(host).ok()) return X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
  return X509_check_host(certificate, host.data(), host.size(), 0, nullptr) == 1;
}

void read_certificate(X509* certificate, const std::string& host, TlsPeer& peer) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const X509_NAME* issuer = X509_get_issuer_name(certificate);
  peer.has_certificate = true;
  peer.subject_dn = dn_text(subject);
  peer.issuer_dn = dn_text(issuer);
  peer.subject_cn = first_entry(subject, NID_commonName);
  peer.issuer_cn = first_entry(issuer, NID_commonName);
  peer.subject_org = entries(subject, NID_organizationName);
  peer.issuer_org = entries(issuer, NID_organizationName);
  peer.serial = serial_text(certificate);
  peer.not_before = time_of(X509_get0_notBefore(certificate));
  peer.not_after = time_of(X509_get0_notAfter(certificate));
  peer.self_signed = X509_NAME_cmp(subject, issuer) == 0;
  peer.mismatched = !is_for(certificate, host);
  read_names(certificate, peer);
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return;
  const std::string_view bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  peer.md5 = md5_hex(bytes);
  peer.sha1 = sha1_hex(bytes);
  peer.sha256 = sha256_hex(bytes);
  OPENSSL_free(der);
}

}  // namespace

std::shared_ptr<const TlsPeer> describe_tls_peer(void* native, const std::string& host) {
  auto* ssl = static_cast<SSL*>(native);
  auto peer = std::make_shared<TlsPeer>();
  peer->version = version_text(SSL_version(ssl));
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl)) {
    const char* name = SSL_CIPHER_standard_name(cipher);
    peer->cipher = name != nullptr ? name : SSL_CIPHER_get_name(cipher);
  }
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &size);
  if (size > 0) peer->alpn.assign(reinterpret_cast<const char*>(protocol), size);
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name))
    peer->server_name = name;
  const std::unique_ptr<X509, Free> certificate(SSL_get1_peer_certificate(ssl));
  if (certificate) read_certificate(certificate.get(), host, *peer);
  return peer;
}

}  // namespace m8::net
