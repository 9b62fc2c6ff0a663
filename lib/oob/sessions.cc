#include "oob/sessions.h"

#include <algorithm>
#include <utility>

#include "oob/crypto.h"
#include "oob/identity.h"

namespace m8::oob {
namespace {

constexpr std::size_t kMaxSecretBytes = 200;
constexpr auto kExpiryInterval = std::chrono::seconds(10);

/// Takes as long for a wrong text as for a right one.
bool same(std::string_view a, std::string_view b) {
  unsigned different = a.size() != b.size();
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    different |= static_cast<unsigned>(a[i] ^ b[i]);
  return different == 0;
}

Error forgotten() { return {ErrorCode::kNotFound, "could not get correlation-id from cache"}; }

}  // namespace

Status Sessions::add(Registration registration) {
  if (!is_correlation_id(registration.correlation_id))
    return Error{ErrorCode::kInvalidArgument, "correlation-id is no xid"};
  if (registration.secret.empty() || registration.secret.size() > kMaxSecretBytes)
    return Error{ErrorCode::kInvalidArgument, "secret-key is missing or too long"};
  std::string aes_key(kAesKeyBytes / 2, '\0');
  random_bytes(aes_key.data(), aes_key.size());
  aes_key = hex_encode(aes_key);  // letters, as the field's servers have it: some clients need them
  const std::string sealed = M8_TRY(seal_key(aes_key, registration.public_key));

  std::lock_guard lock(mutex_);
  expire();
  if (const auto found = sessions_.find(registration.correlation_id); found != sessions_.end()) {
    if (!same(found->second.secret, registration.secret))
      return Error{ErrorCode::kExists, "correlation-id provided already exists"};
    found->second.used = clock_.now();
    return {};
  }
  if (sessions_.size() >= limits_.max_sessions)
    return Error{ErrorCode::kExhausted, "too many clients are registered"};
  Session session;
  session.secret = std::move(registration.secret);
  session.aes_key = std::move(aes_key);
  session.sealed_key = base64_encode(sealed);
  session.used = clock_.now();
  sessions_.emplace(std::move(registration.correlation_id), std::move(session));
  return {};
}

/// REQUIRES: mutex_ is held.
Result<Sessions::Table::iterator> Sessions::find(std::string_view correlation_id,
                                                 std::string_view secret) {
  expire();
  const auto found = sessions_.find(correlation_id);
  if (found == sessions_.end()) return forgotten();
  if (!same(found->second.secret, secret))
    return Error{ErrorCode::kDenied, "invalid secret key passed for user"};
  return found;
}

Result<Sessions::Batch> Sessions::fetch(std::string_view correlation_id, std::string_view secret) {
  std::vector<std::string> texts;
  std::string aes_key;
  Batch batch;
  {
    std::lock_guard lock(mutex_);
    Session& session = M8_TRY(find(correlation_id, secret))->second;
    session.used = clock_.now();
    aes_key = session.aes_key;
    batch.aes_key = session.sealed_key;
    while (!session.items.empty()) {
      texts.push_back(std::move(session.items.front()->json));
      session.bytes -= texts.back().size();
      counters_.bytes -= texts.back().size();
      items_.erase(session.items.front());
      session.items.pop_front();
    }
    counters_.fetched += texts.size();
  }
  for (const std::string& text : texts)
    batch.data.push_back(base64_encode(M8_TRY(encrypt(text, aes_key))));
  return batch;
}

Status Sessions::remove(std::string_view correlation_id, std::string_view secret) {
  std::lock_guard lock(mutex_);
  erase(M8_TRY(find(correlation_id, secret)));
  return {};
}

bool Sessions::record(const model::Interaction& interaction) {
  const std::string_view id =
      std::string_view(interaction.unique_id).substr(0, kCorrelationIdChars);
  std::string json = model::to_json(interaction);
  std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) {
    ++counters_.unknown;
    return false;
  }
  Session& session = found->second;
  ++counters_.recorded;
  counters_.bytes += json.size();
  session.bytes += json.size();
  items_.push_back({std::string(id), std::move(json)});
  session.items.push_back(std::prev(items_.end()));
  while (session.items.size() > limits_.max_per_session ||
         session.bytes > limits_.max_session_bytes)
    drop_oldest(session);
  while (counters_.bytes > limits_.max_bytes)
    drop_oldest(sessions_.find(items_.front().correlation_id)->second);
  return true;
}

/// REQUIRES: mutex_ is held, and something of it waits.
void Sessions::drop_oldest(Session& session) {
  const auto oldest = session.items.front();
  counters_.bytes -= oldest->json.size();
  session.bytes -= oldest->json.size();
  session.items.pop_front();
  items_.erase(oldest);
  ++counters_.dropped;
}

/// REQUIRES: mutex_ is held.
void Sessions::erase(Table::iterator session) {
  while (!session->second.items.empty()) drop_oldest(session->second);
  sessions_.erase(session);
}

/// REQUIRES: mutex_ is held.
void Sessions::expire() {
  const SteadyTime now = clock_.now();
  const bool full = sessions_.size() >= limits_.max_sessions;
  if (now < next_expiry_ && !full) return;
  next_expiry_ = now + kExpiryInterval;
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    const auto session = it++;
    if (now - session->second.used > limits_.max_idle) erase(session);
  }
}

Sessions::Counters Sessions::counters() const {
  std::lock_guard lock(mutex_);
  Counters counters = counters_;
  counters.sessions = sessions_.size();
  counters.waiting = items_.size();
  return counters;
}

}  // namespace m8::oob
