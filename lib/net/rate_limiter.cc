#include "net/rate_limiter.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace m8::net {
namespace {

constexpr std::chrono::minutes kForgetAfter{1};
constexpr double kSlowest = 0.01;
constexpr double kRecoveryPerSecond = 0.1;
constexpr std::chrono::seconds kBetweenHalvings{1};
/// Keys beyond these are not slowed down: a flood of dead names must not cost memory.
constexpr std::size_t kMaxKeys = 100'000;

/// At most a year, so that a tiny rate can't overflow the clock.
Duration seconds(double count) {
  constexpr double kYear = 365.0 * 24 * 3600;
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(std::clamp(count, 0.0, kYear)));
}

double unit_seconds(std::string_view unit) {
  if (unit.empty() || unit == "/s") return 1;
  if (unit == "/m") return 60;
  return unit == "/h" ? 3600 : 0;
}

}  // namespace

Result<Rate> Rate::parse(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const double unit = unit_seconds(text.substr(slash));
  double count = -1;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + slash, count, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + slash || !(count >= 0 && count <= 1e9) ||
      unit == 0) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("rate '{}': not a number with /s, /m or /h, such as 150/s", text)};
  }
  return Rate{count / unit};
}

RateLimiter::RateLimiter(Options options, Clock& clock) : options_(options), clock_(clock) {}

double RateLimiter::key_rate() const {
  return options_.per_key.unlimited() ? options_.global.per_second : options_.per_key.per_second;
}

double RateLimiter::factor_at(const Bucket& bucket, SteadyTime now) {
  if (bucket.factor >= 1) return 1;
  const double elapsed = std::chrono::duration<double>(now - bucket.adjusted).count();
  return std::min(1.0, bucket.factor + kRecoveryPerSecond * elapsed);
}

/// The generic cell rate algorithm: `next` is the time at which the bucket would be due if events
/// came evenly; it may lag behind now by the burst that was saved up.
SteadyTime RateLimiter::take(Bucket& bucket, double per_second, SteadyTime now) const {
  const Duration interval = seconds(1 / (per_second * factor_at(bucket, now)));
  const Duration saved = std::max(seconds(options_.burst_seconds) - interval, Duration::zero());
  const SteadyTime due = std::max(bucket.next, now - saved);
  bucket.next = due + interval;
  return std::max(due, now);
}

/// Without a rate of its own only a key that was slowed down or held has to wait.
SteadyTime RateLimiter::take_of_key(Bucket& bucket, SteadyTime now) const {
  const bool slowed = factor_at(bucket, now) < 1;
  const double rate = key_rate() > 0 ? key_rate() : slowed ? options_.unlimited_means : 0;
  return rate > 0 ? take(bucket, rate, now) : std::max(bucket.next, now);
}

SteadyTime RateLimiter::reserve(std::string_view key) {
  const SteadyTime now = clock_.now();
  const bool unlimited = options_.global.unlimited() && options_.per_key.unlimited();
  if (unlimited && !troubled_.load(std::memory_order_relaxed)) return now;
  auto state = state_.lock();
  if (now - state->swept > kForgetAfter) sweep(*state, now);
  SteadyTime when = now;
  if (!options_.global.unlimited()) when = take(state->global, options_.global.per_second, now);
  auto bucket = state->keys.find(key);
  if (bucket == state->keys.end()) {
    // Without a rate per key there is a bucket only for keys in trouble.
    if (options_.per_key.unlimited()) return when;
    bucket = state->keys.emplace(std::string(key), Bucket{}).first;
  }
  return std::max(when, take_of_key(bucket->second, now));
}

/// Null if there is no room for one more.
RateLimiter::Bucket* RateLimiter::bucket_of(State& state, std::string_view key) {
  troubled_.store(true, std::memory_order_relaxed);
  const auto found = state.keys.find(key);
  if (found != state.keys.end()) return &found->second;
  if (state.keys.size() >= kMaxKeys) return nullptr;
  return &state.keys.emplace(std::string(key), Bucket{}).first->second;
}

void RateLimiter::slow_down(std::string_view key, double factor) {
  const SteadyTime now = clock_.now();
  auto state = state_.lock();
  Bucket* bucket = bucket_of(*state, key);
  if (bucket == nullptr) return;
  bucket->factor = std::clamp(factor, kSlowest, 1.0);
  bucket->adjusted = now;
}

void RateLimiter::hold(std::string_view key, SteadyTime until) {
  auto state = state_.lock();
  Bucket* bucket = bucket_of(*state, key);
  if (bucket != nullptr) bucket->next = std::max(bucket->next, until);
}

void RateLimiter::halve(Bucket& bucket, SteadyTime now) {
  if (bucket.factor < 1 && now - bucket.adjusted < kBetweenHalvings) return;
  bucket.factor = std::max(factor_at(bucket, now) / 2, kSlowest);
  bucket.adjusted = now;
  slowdowns_.fetch_add(1, std::memory_order_relaxed);
}

void RateLimiter::struggled(std::string_view key) {
  const SteadyTime now = clock_.now();
  auto state = state_.lock();
  Bucket* bucket = bucket_of(*state, key);
  if (bucket == nullptr) return;
  bucket->touched = now;
  if (++bucket->errors >= 2) halve(*bucket, now);
}

void RateLimiter::overran(std::string_view key) {
  const SteadyTime now = clock_.now();
  auto state = state_.lock();
  if (Bucket* bucket = bucket_of(*state, key)) halve(*bucket, now);
}

void RateLimiter::answered(std::string_view key) {
  if (!troubled_.load(std::memory_order_relaxed)) return;
  auto state = state_.lock();
  const auto found = state->keys.find(key);
  if (found != state->keys.end()) found->second.errors = 0;
}

void RateLimiter::sweep(State& state, SteadyTime now) {
  state.swept = now;
  std::erase_if(state.keys, [now](const auto& entry) {
    const Bucket& bucket = entry.second;
    return now - std::max({bucket.next, bucket.adjusted, bucket.touched}) > kForgetAfter;
  });
  if (state.keys.empty()) troubled_.store(false, std::memory_order_relaxed);
}

}  // namespace m8::net
