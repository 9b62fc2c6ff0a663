#include "base/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace m8 {

int Histogram::index(std::uint64_t value) {
  constexpr std::uint64_t kLargest = (1ull << 40) - 1;
  value = std::min(value, kLargest);
  const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kSubBits - 1);
  return (shift << kSubBits) + static_cast<int>(value >> shift);
}

std::uint64_t Histogram::upper(int bucket) {
  constexpr int kLinear = 2 << kSubBits;
  if (bucket < kLinear) return static_cast<std::uint64_t>(bucket);
  const int shift = (bucket >> kSubBits) - 1;
  const auto base = static_cast<std::uint64_t>(bucket - (shift << kSubBits));
  return ((base + 1) << shift) - 1;
}

void Histogram::record(std::uint64_t value) {
  ++buckets_[static_cast<std::size_t>(index(value))];
  ++count_;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

double Histogram::mean() const { return count_ ? sum_ / static_cast<double>(count_) : 0; }

std::uint64_t Histogram::quantile(double q) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_));
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(upper(static_cast<int>(i)), max_);
  }
  return max_;
}

}  // namespace m8
