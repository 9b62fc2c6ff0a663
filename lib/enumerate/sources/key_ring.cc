#include "enumerate/sources/key_ring.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace m8::enumerate::sources {
namespace {

using std::chrono::seconds;

constexpr seconds kUnknownPause{60};
constexpr std::int64_t kLongestPause = 7 * 86'400;
/// Numbers above are moments (Unix time), below are seconds from now.
constexpr std::int64_t kMoments = 1'000'000'000;

std::optional<std::int64_t> number_in(const http::Response& response,
                                      std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const http::Header* header = http::find_header(response.headers, name);
    std::int64_t number = 0;
    if (header == nullptr) continue;
    const std::string& text = header->value;
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc())
      return number;
  }
  return std::nullopt;
}

}  // namespace

KeyRing::KeyRing(const std::vector<std::string>& keys, Clock& clock) : clock_(clock) {
  for (const auto& key : keys) entries_.push_back({key, false, {}, {}});
  if (entries_.empty()) entries_.emplace_back();
}

KeyRing::Entry* KeyRing::best() {
  const SteadyTime now = clock_.now();
  const auto quota = [](const Entry& entry) {
    return entry.remaining.value_or(std::numeric_limits<std::int64_t>::max());
  };
  Entry* chosen = nullptr;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[(turn_ + i) % entries_.size()];
    if (entry.refused) continue;
    const SteadyTime usable = std::max(entry.usable, now);
    const bool better = chosen == nullptr || usable < std::max(chosen->usable, now) ||
                        (usable == std::max(chosen->usable, now) && quota(entry) > quota(*chosen));
    if (better) chosen = &entry;
  }
  return chosen;
}

bool KeyRing::another(const Entry& entry) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& other) {
    return &other != &entry && !other.refused && other.usable <= clock_.now();
  });
}

KeyRing::Entry* KeyRing::pick() {
  Entry* entry = best();
  if (entry != nullptr) turn_ = static_cast<std::size_t>(entry - entries_.data()) + 1;
  return entry;
}

void KeyRing::learn(Entry& entry, const http::Response& response) {
  const auto left = number_in(response, {"x-ratelimit-remaining", "ratelimit-remaining",
                                         "x-rate-limit-remaining", "x-api-remaining"});
  if (!left) return;
  entry.remaining = *left;
  if (*left <= 0) limit(entry, response);
}

void KeyRing::limit(Entry& entry, const http::Response& response) {
  const auto said = number_in(
      response, {"retry-after", "x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset"});
  std::int64_t pause = said.value_or(kUnknownPause.count());
  if (pause > kMoments) {
    const auto now = std::chrono::duration_cast<seconds>(clock_.wall().time_since_epoch());
    pause -= now.count();
  }
  entry.usable = clock_.now() + seconds(std::clamp<std::int64_t>(pause, 0, kLongestPause));
  entry.remaining.reset();
}

std::pair<std::string, std::string> split_key(const std::string& key) {
  const std::size_t colon = key.starts_with("http") ? key.rfind(':') : key.find(':');
  if (colon == std::string::npos) return {"", key};
  return {key.substr(0, colon), key.substr(colon + 1)};
}

}  // namespace m8::enumerate::sources
