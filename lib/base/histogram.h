/// Histogram: log-linear buckets (HdrHistogram's layout), 3 % resolution, fixed size, no allocation
/// after construction. Values 0..2^40 (microseconds: 12 days). One thread records; merge() to read.
#pragma once

#include <array>
#include <cstdint>

namespace m8 {

class Histogram {
 public:
  void record(std::uint64_t value);
  void merge(const Histogram& other);
  std::uint64_t count() const { return count_; }
  std::uint64_t min() const { return count_ ? min_ : 0; }
  std::uint64_t max() const { return max_; }
  double mean() const;
  /// \p q in 0..1; upper bound of the bucket in which the quantile lies.
  std::uint64_t quantile(double q) const;

 private:
  static constexpr int kSubBits = 5;
  static constexpr int kBuckets = (40 - kSubBits + 1) << kSubBits;
  static int index(std::uint64_t value);
  static std::uint64_t upper(int bucket);

  std::array<std::uint32_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0, min_ = ~0ull, max_ = 0;
  double sum_ = 0;
};

}  // namespace m8
