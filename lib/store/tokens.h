/// Tokens: who may use the API. Of a token's secret only a digest is kept.
///
/// Over a Store's statements, lives as long as that; the same threads and errors.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/queries.h"
#include "store/query.h"

namespace m8::store {

struct Token {
  std::int64_t id = 0;  ///< given by the store
  std::string name;     ///< for people; no two that are valid have the same
  std::string digest;   ///< SHA-256 of the secret, 64 hex digits
  std::string scopes;   ///< words: "read", "scan", "admin"
  WallTime created{};
  std::optional<WallTime> expires, last_used, revoked;

  bool valid(WallTime now) const { return !revoked && (!expires || now < *expires); }
};

class Tokens {
 public:
  /// \p statements is borrowed.
  explicit Tokens(Statements& statements) : sql_(statements) {}

  /// Its id; token.id is not read. kExists if a token of that name is there and not revoked.
  Result<std::int64_t> add(const Token& token);
  /// By id, those that are revoked too.
  Status for_each(const std::function<Status(const Token&)>& each);
  /// From now on \p id is worth nothing. kNotFound, also if it was revoked before.
  Status revoke(std::int64_t id, WallTime at);
  Status used(std::int64_t id, WallTime at);

 private:
  Statements& sql_;
};

/// For `m8 db explain`.
std::vector<Sample> token_samples();

}  // namespace m8::store
