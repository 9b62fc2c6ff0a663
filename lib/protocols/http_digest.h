/// HTTP Digest authentication, the client's side (RFC 7616; templates 3.11).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"

namespace m8::protocols {

struct DigestLogin {
  std::string user, password;
};

/// What a request is, to a challenge.
struct DigestTarget {
  std::string_view method;
  std::string_view uri;     ///< the request target as sent
  std::string_view cnonce;  ///< hex digits of our own choice
};

/// The Authorization value for the first Digest challenge among \p headers that asks for an
/// algorithm known here (MD5, SHA-256, and their -sess forms) and for qop auth or none. Empty if
/// there is none.
std::optional<std::string> answer_digest(const std::vector<http::Header>& headers,
                                         const DigestLogin& login, const DigestTarget& target);

}  // namespace m8::protocols
