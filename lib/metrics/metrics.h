/// Metrics: counters, gauges and histograms that a Prometheus server can read.
///
/// What a metric is called, and which labels it has, is written once, in table.h. A handle is
/// fetched once, where a thing is set up, and costs an atomic instruction per use from then on:
///
///     metrics::Counter& done = registry.counter(metrics::kScansCompleted, {"full", "done"});
///     done.add();                                  // 5 ns, any thread
///
/// Labels never grow without end: each has a bounded number of values, and what comes later is
/// counted under "other". Everything here is thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "metrics/table.h"

namespace m8::metrics {

/// Only grows. A cache line of its own, so that two threads with two counters don't disturb each
/// other.
class alignas(64) Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  /// For who samples a total that something else counts: the larger of the two stays.
  void raise_to(std::uint64_t total);
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// What is so now.
class alignas(64) Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double by) { value_.fetch_add(by, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// How often a value was at most so large. A dozen nanoseconds a value.
class alignas(64) Histogram {
 public:
  /// \p bounds ascending, without infinity, at most kMostBuckets; borrowed for good.
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds) {}
  void observe(double value);
  void observe(std::chrono::nanoseconds time) {
    observe(std::chrono::duration<double>(time).count());
  }
  std::span<const double> bounds() const { return bounds_; }
  /// Of bucket \p i alone, not of those below; i == bounds().size() is beyond the last bound.
  std::uint64_t count_in(std::size_t i) const { return counts_[i].load(std::memory_order_relaxed); }
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  const std::span<const double> bounds_;
  std::atomic<std::uint64_t> counts_[kMostBuckets + 1] = {};
  std::atomic<double> sum_{0};
};

/// Values of a metric's labels, in the order of its definition. Borrowed for the call.
using Labels = std::initializer_list<std::string_view>;

class Registry {
 public:
  /// Values that one label of one metric may have, "other" besides.
  static constexpr std::size_t kMostValues = 200;
  /// Series of one metric; what would be one more has "other" in all labels.
  static constexpr std::size_t kMostSeries = 1000;
  /// Bytes of a label's value; the rest is cut off.
  static constexpr std::size_t kMostBytes = 100;

  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// The one of this process.
  static Registry& process();

  /// The handle of a series, made (at zero) when it is asked for first; lives as long as the
  /// registry. Takes a lock and a few hundred nanoseconds: not for hot paths. Missing labels are
  /// empty, too many are left out. Bytes that are not printable ASCII become '_'.
  Counter& counter(const CounterMetric& metric, Labels labels = {});
  Gauge& gauge(const GaugeMetric& metric, Labels labels = {});
  Histogram& histogram(const HistogramMetric& metric, Labels labels = {});

  /// Keeps \p sampler in use while it lives; when it is gone, no call is under way any more.
  class Sampling {
   public:
    Sampling() = default;
    Sampling(Sampling&& other) noexcept { *this = std::move(other); }
    Sampling& operator=(Sampling&& other) noexcept;
    ~Sampling();

   private:
    friend class Registry;
    Registry* registry_ = nullptr;
    std::list<std::function<void()>>::iterator place_{};
  };
  /// \p sampler is called before each exposition(), one at a time, and sets gauges and totals from
  /// numbers that something else keeps. It must be quick, must not wait for the network, and must
  /// not call exposition(), sample() or end a Sampling.
  [[nodiscard]] Sampling sample(std::function<void()> sampler);

  /// All series that were asked for, in the text format of Prometheus 0.0.4 (content type
  /// "text/plain; version=0.0.4"), by name. Some 2 ms for 5,000 series.
  std::string exposition();

 private:
  struct Family;
  template <typename Cell>
  struct FamilyOf;
  template <typename Cell>
  Cell& cell(const Definition& definition, Labels labels);
  void run_samplers();

  std::mutex mutex_;  ///< guards the families
  std::map<std::string_view, std::unique_ptr<Family>> families_;
  std::mutex sampling_;  ///< held while samplers run
  std::list<std::function<void()>> samplers_;
};

/// The guides' helpers, on Registry::process(). A look-up each: for what happens now and then.
void record_scan_duration(std::string_view scan_type, std::string_view domain,
                          std::chrono::nanoseconds took);
void increment_hostnames_found(std::string_view domain, std::string_view source,
                               std::uint64_t n = 1);
void record_db_operation(std::string_view operation, std::chrono::nanoseconds took);
/// What the guides' middleware observes. \p endpoint is the route ("/domain/:id"), not the path;
/// \p status of the answer.
void record_http_request(std::string_view method, std::string_view endpoint, int status,
                         std::chrono::nanoseconds took);

}  // namespace m8::metrics
