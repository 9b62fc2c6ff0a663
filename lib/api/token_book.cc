#include "api/token_book.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace m8::api {
namespace {

constexpr auto kReadAgain = std::chrono::seconds(2);
constexpr std::size_t kSecretBytes = 32, kLongestSecret = 128;

}  // namespace

std::string new_secret() {
  char bytes[kSecretBytes];
  random_bytes(bytes, sizeof bytes);
  return "m8_" + base64_url_encode({bytes, sizeof bytes});
}

std::string secret_digest(std::string_view secret) { return sha256_hex(secret); }

Scope scope_of(std::string_view scopes) {
  Scope best = Scope::kNone;
  while (!scopes.empty()) {
    const std::string_view word = scopes.substr(0, scopes.find(' '));
    scopes.remove_prefix(std::min(word.size() + 1, scopes.size()));
    const auto scope = parse_scope(word);
    if (scope.ok()) best = std::max(best, *scope);
  }
  return best;
}

std::shared_ptr<const TokenBook::Known> TokenBook::known() {
  {
    auto state = state_.lock();
    const SteadyTime now = clock_.now();
    if (state->known && now < state->read + kReadAgain) return state->known;
    // Others go on with what was known meanwhile.
    state->read = now;
  }
  refresh();
  auto state = state_.lock();
  if (state->known) return state->known;
  state->read = {};
  return std::make_shared<Known>();
}

void TokenBook::refresh() {
  const SteadyTime began = clock_.now();
  auto fresh = std::make_shared<Known>();
  const Status read = tokens_.for_each([&fresh](const store::Token& token) {
    fresh->emplace(token.digest, token);
    return Status();
  });
  if (!read.ok()) {
    log::get("api")->warn("tokens could not be read: {}", read.error().message);
    return;
  }
  auto state = state_.lock();
  state->known = std::move(fresh);
  state->read = began;
}

std::optional<Caller> TokenBook::find(std::string_view secret) {
  if (secret.empty() || secret.size() > kLongestSecret) return std::nullopt;
  const auto book = known();
  const auto found = book->find(secret_digest(secret));
  const WallTime now = clock_.wall();
  if (found == book->end() || !found->second.valid(now)) return std::nullopt;
  const store::Token& token = found->second;
  state_.lock()->uses[token.id] = now;
  return Caller{token.id, token.name, scope_of(token.scopes)};
}

void TokenBook::write_uses() {
  const auto uses = std::exchange(state_.lock()->uses, {});
  for (const auto& [id, at] : uses) (void)tokens_.used(id, at);
}

}  // namespace m8::api
