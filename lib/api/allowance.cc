#include "api/allowance.h"

#include <algorithm>
#include <cmath>

namespace m8::api {
namespace {

constexpr std::size_t kMostCallers = 10'000;

double seconds_between(SteadyTime from, SteadyTime to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

std::chrono::milliseconds Allowance::ask(std::string_view caller, double cost) {
  if (per_second_ <= 0) return {};
  const SteadyTime now = clock_.now();
  auto buckets = buckets_.lock();
  if (buckets->size() >= kMostCallers) {
    std::erase_if(*buckets, [&](const auto& entry) {
      const Bucket& bucket = entry.second;
      return bucket.left + seconds_between(bucket.at, now) * per_second_ >= burst_;
    });
    // Still as many: strangers from everywhere. All of them wait.
    if (buckets->size() >= kMostCallers && buckets->find(caller) == buckets->end())
      return std::chrono::seconds(1);
  }
  auto found = buckets->find(caller);
  if (found == buckets->end() && cost <= 0) return {};
  if (found == buckets->end())
    found = buckets->emplace(std::string(caller), Bucket{burst_, now}).first;
  Bucket& bucket = found->second;
  bucket.left = std::min(burst_, bucket.left + seconds_between(bucket.at, now) * per_second_);
  bucket.at = now;
  if (bucket.left >= 1) {
    bucket.left -= cost;
    return {};
  }
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(std::ceil((1 - bucket.left) / per_second_ * 1000)));
}

std::chrono::milliseconds Allowance::take(std::string_view caller) { return ask(caller, 1); }

std::chrono::milliseconds Allowance::wait(std::string_view caller) { return ask(caller, 0); }

}  // namespace m8::api
