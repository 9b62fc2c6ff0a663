/// Snapshot: the series of a process at one moment, read back from an exposition.
///
/// Plain values. Reads what any client of Prometheus writes (text format 0.0.4): bytes from
/// strangers, so size and number are capped.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace m8::metrics {

/// One series: name and labels apart.
struct SeriesName {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;  ///< as written, values unescaped

  /// Empty if there is none.
  std::string_view label(std::string_view name) const;
};

class Snapshot {
 public:
  static constexpr std::size_t kMostBytes = 16u << 20, kMostSeries = 100'000;

  /// kInvalidArgument "line N: ..." for what is no exposition; kExhausted above the caps. Time
  /// stamps are left out.
  static Result<Snapshot> parse(std::string_view text, WallTime at);

  /// A further series.
  void add(SeriesName series, double value);

  /// A label that a series must have.
  using Label = std::pair<std::string_view, std::string_view>;
  /// Sum of all series of \p name that have these labels; 0 if there is none.
  double sum(std::string_view name, std::initializer_list<Label> with = {}) const;
  bool has(std::string_view name) const;
  /// Of exactly this series; 0 if there is none.
  double value(const SeriesName& wanted) const;
  /// Sums by the values of \p label.
  std::map<std::string, double> sums_by(std::string_view name, std::string_view label) const;
  /// Calls \p visit with each series of \p name.
  void each(std::string_view name,
            const std::function<void(const SeriesName&, double)>& visit) const;
  /// Upper bounds of the histogram \p name with how many values were at most so large, all its
  /// series together, ascending.
  std::map<double, double> buckets(std::string_view name) const;
  /// Adds to each series that only grows (_total, _sum, _count, _bucket) by how much it grew
  /// from \p first (null: from 0) to \p last; one that fell was begun anew, and counts as a whole.
  void add_growth(const Snapshot* first, const Snapshot& last);
  /// {"NAME{LABELS}":VALUE,...}, the keys as in an exposition
  std::string json() const;

  WallTime at() const { return at_; }
  std::size_t size() const { return size_; }

 private:
  WallTime at_{};
  std::size_t size_ = 0;
  std::map<std::string, std::vector<std::pair<SeriesName, double>>, std::less<>> series_;
};

}  // namespace m8::metrics
