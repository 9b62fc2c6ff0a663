/// JSON web tokens of the helper generate_jwt (RFC 7519, dsl.md 7.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::dsl {

struct JwtRequest {
  std::string_view claims;              ///< text of a JSON object
  std::string_view algorithm;           ///< "HS256", "none" in any spelling, empty = "NONE"
  std::string_view key;                 ///< raw bytes
  std::optional<std::int64_t> expires;  ///< Unix seconds; only used when more than 1 s from now
  std::int64_t now = 0;                 ///< Unix seconds
};

/// The compact form. kInvalidArgument for claims that are no object, an unknown algorithm, or one
/// that needs a key object.
Result<std::string> make_jwt(const JwtRequest& request);

}  // namespace m8::dsl
