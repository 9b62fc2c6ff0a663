#include "dsl/jwt.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/hash.h"
#include "dsl/go_json.h"
#include "dsl/unicode.h"

namespace m8::dsl {
namespace {

constexpr std::array<std::string_view, 10> kAsymmetric{"RS256", "RS384", "RS512", "PS256", "PS384",
                                                       "PS512", "ES256", "ES384", "ES512", "EDDSA"};

/// The digest of an HS algorithm; null for any other.
const char* digest_of(std::string_view algorithm) {
  if (algorithm == "HS256") return "sha256";
  if (algorithm == "HS384") return "sha384";
  return algorithm == "HS512" ? "sha512" : nullptr;
}

/// Adds iat and exp behind the other claims.
std::string with_times(std::string claims, const JwtRequest& request) {
  if (!request.expires || *request.expires <= request.now + 1) return claims;
  claims.pop_back();
  return fmt::format("{}{}\"iat\":{},\"exp\":{}}}", claims, claims.size() > 1 ? "," : "",
                     request.now, *request.expires);
}

}  // namespace

Result<std::string> make_jwt(const JwtRequest& request) {
  std::string object = M8_TRY(minified_object(request.claims));
  if (object == "null") return Error{ErrorCode::kInvalidArgument, "no object with claims"};
  const std::string claims = with_times(std::move(object), request);
  std::string algorithm = to_upper(request.algorithm);
  const bool none = algorithm.empty() || algorithm == "NONE";
  if (none) algorithm = request.algorithm.empty() ? "NONE" : std::string(request.algorithm);
  const std::string unsigned_token =
      base64_url_encode(fmt::format("{{\"alg\":\"{}\",\"typ\":\"JWT\"}}", algorithm)) + "." +
      base64_url_encode(claims);
  if (none) return unsigned_token + ".";
  if (const char* digest = digest_of(algorithm)) {
    const std::string signature = M8_TRY(hmac(digest, request.key, unsigned_token));
    return unsigned_token + "." + base64_url_encode(signature);
  }
  const bool known =
      std::find(kAsymmetric.begin(), kAsymmetric.end(), algorithm) != kAsymmetric.end();
  return Error{ErrorCode::kInvalidArgument,
               known ? "encodeToken: signature: jwt: invalid key"
                     : fmt::format("invalid algorithm: {}", request.algorithm)};
}

}  // namespace m8::dsl
