/// TokenBook: which secrets are worth what, without asking the store for each request.
///
/// Thread-safe. The store is read again at most every two seconds, so that a token that was
/// revoked, also by another program, is worth nothing soon; unknown secrets never reach the store.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/route.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/hash.h"
#include "store/tokens.h"

namespace m8::api {

/// A new secret: "m8_" and 43 characters, 256 random bits.
std::string new_secret();
/// What the store keeps of it.
std::string secret_digest(std::string_view secret);
/// The highest of the words \p scopes.
Scope scope_of(std::string_view scopes);

class TokenBook {
 public:
  /// \p statements and \p clock are borrowed.
  TokenBook(store::Statements& statements, Clock& clock) : tokens_(statements), clock_(clock) {}

  /// Who has \p secret; empty if nobody, or no longer.
  std::optional<Caller> find(std::string_view secret);
  /// Reads the store now. Called more often than every two seconds, by one thread, it spares those
  /// who ask the wait for the store.
  void refresh();
  /// Writes down which tokens were used since the last time. Now and then, from one thread.
  void write_uses();

 private:
  using Known = std::unordered_map<std::string, store::Token, SeededHash, std::equal_to<>>;
  struct State {
    std::shared_ptr<const Known> known;  ///< by digest; shared by those who look just now
    SteadyTime read{};
    std::unordered_map<std::int64_t, WallTime> uses;
  };
  std::shared_ptr<const Known> known();

  store::Tokens tokens_;
  Clock& clock_;
  Guarded<State> state_;
};

}  // namespace m8::api
