/// TlsPeer: what a TLS server showed in its handshake, as text for records.
///
/// Plain values. The certificate is not verified: what it says may be a lie, and is bounded in
/// size.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"

namespace m8::net {

struct TlsPeer {
  std::string version;      ///< "tls10", "tls11", "tls12", "tls13"
  std::string cipher;       ///< the standard's name: "TLS_AES_256_GCM_SHA384"
  std::string alpn;         ///< protocol that was agreed on, or empty
  std::string server_name;  ///< SNI that was sent, or empty
  // The leaf certificate; all empty if the server showed none.
  std::string subject_dn, subject_cn, issuer_dn, issuer_cn;
  std::vector<std::string> subject_org, issuer_org;
  std::vector<std::string> names;   ///< DNS names and addresses of the subject alternative names
  std::vector<std::string> emails;  ///< of the subject alternative names
  std::string serial;               ///< "0A:1B:..."
  WallTime not_before{}, not_after{};
  std::string md5, sha1, sha256;  ///< of the DER, lower-case hex
  bool has_certificate = false;
  bool self_signed = false;  ///< issuer and subject are one
  bool mismatched = false;   ///< it is for other names than the host that was asked
  bool wildcard = false;     ///< a name begins with "*."
};

/// What \p ssl (an SSL*, borrowed, its handshake done) has agreed on and was shown; \p host is the
/// name or address that was asked. At most 1000 names are kept.
std::shared_ptr<const TlsPeer> describe_tls_peer(void* ssl, const std::string& host);

}  // namespace m8::net
