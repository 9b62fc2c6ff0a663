#include "scan/host_pace.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace m8::scan {
namespace {

/// Slow is who takes so many times as long as usual, and so much longer.
constexpr int kTimes = 3;
constexpr HostPace::Time kLonger{500'000};
constexpr int kMostPatience = 64;
constexpr int kAsGoodAsNone = 1 << 20;

}  // namespace

bool HostPace::took(Time took, int running) {
  if (ignored_ > 0) {
    --ignored_;
    return false;
  }
  widest_ = std::max(widest_, running);
  constexpr Time::rep kMost = std::numeric_limits<std::uint32_t>::max();
  window_[filled_++] = static_cast<std::uint32_t>(std::clamp<Time::rep>(took.count(), 1, kMost));
  // The first answer came while nobody else asked.
  if (usual_ == Time::zero()) usual_ = Time(window_[0]);
  return filled_ == window_.size() && look();
}

bool HostPace::slow(Time time) const {
  return time > kTimes * patience_ * usual_ && time > usual_ + patience_ * kLonger;
}

/// A window is full. The median: one slow page among many says nothing about the host.
bool HostPace::look() {
  const auto middle = window_.begin() + window_.size() / 2;
  std::nth_element(window_.begin(), middle, window_.end());
  last_ = Time(*middle);
  filled_ = 0;
  const int widest = std::exchange(widest_, 0);
  const Time before = std::exchange(before_, Time::zero());
  if (!slow(last_)) {
    usual_ = std::min(usual_, last_);
    if (limit_ > 0) limit_ += 1 + limit_ / 16;
    if (limit_ > kAsGoodAsNone) limit_ = 0;
    return false;
  }
  const bool in_vain = before > Time::zero() && last_ > before - before / 4;
  if (in_vain || widest <= 1) {
    take_as_usual(last_);
    return false;
  }
  before_ = last_;
  limit_ = std::max(1, std::min(widest, limit_ > 0 ? limit_ : widest) / 2);
  ignored_ = widest;
  return true;
}

void HostPace::take_as_usual(Time time) {
  usual_ = time;
  limit_ = 0;
  patience_ = std::min(2 * patience_, kMostPatience);
}

}  // namespace m8::scan
