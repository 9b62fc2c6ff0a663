/// `m8 bench metrics`: what counting costs, and a scrape of many series.
#include "metrics/metrics.h"

#include <fmt/format.h>

#include "bench/registry.h"
#include "metrics/snapshot.h"

namespace m8::bench {
namespace {

constexpr std::uint64_t kCounts = 20'000'000;
constexpr int kScrapes = 20;
constexpr std::size_t kSeries = 5'000;

/// Nanoseconds of one call of \p count.
template <typename Count>
void measure_count(const Context& context, Count count, Series& series) {
  const auto begin = context.clock.now();
  for (std::uint64_t i = 0; i < kCounts; ++i) count();
  const std::chrono::duration<double, std::nano> took = context.clock.now() - begin;
  series.add(took.count() / static_cast<double>(kCounts));
}

/// Five metrics with 1,000 series each, one line each.
void fill(metrics::Registry& registry) {
  const metrics::CounterMetric* counters[] = {&metrics::kHostnamesFound, &metrics::kErrors,
                                              &metrics::kQueueMessages, &metrics::kCacheRequests,
                                              &metrics::kScansCompleted};
  for (const auto* counter : counters) {
    for (std::size_t i = 0; i < kSeries / 5; ++i) {
      const std::string one = fmt::format("domain{}.example.com", i % 100);
      registry.counter(*counter, {one, fmt::format("source{}", i / 100)}).add(i);
    }
  }
}

Status check_answer(metrics::Registry& registry) {
  const auto read = M8_TRY(metrics::Snapshot::parse(registry.exposition(), WallTime{}));
  const double sum = read.sum("asmm8_hostnames_found_total");
  if (read.size() == kSeries && sum == 499'500) return {};
  return Error{ErrorCode::kInternal,
               fmt::format("{} series, sum {}: not what was counted", read.size(), sum)};
}

Result<Report> run(const Context& context) {
  Report report("metrics");
  metrics::Registry registry;
  fill(registry);
  M8_TRY(check_answer(registry));
  Row& count = report.row("a count, one thread", "ns", Bar::at_most(20));
  Row& observe = report.row("a value into a histogram", "ns");
  Row& scrape = report.row("exposition of 5,000 series", "ms", Bar::at_most(10));
  auto& counter = registry.counter(metrics::kFindings);
  auto& histogram = registry.histogram(metrics::kDbQueryDuration, {"select"});
  for (int i = 0; i < context.repeats; ++i) {
    measure_count(
        context, [&counter] { counter.add(); }, count.ours);
    measure_count(
        context, [&histogram] { histogram.observe(0.3); }, observe.ours);
    const auto begin = context.clock.now();
    std::size_t bytes = 0;
    for (int j = 0; j < kScrapes; ++j) bytes += registry.exposition().size();
    const std::chrono::duration<double, std::milli> took = context.clock.now() - begin;
    scrape.ours.add(took.count() / kScrapes);
    if (bytes == 0) return Error{ErrorCode::kInternal, "nothing was written"};
  }
  report.note("one thread; the exposition without samplers and network");
  return report;
}

}  // namespace

extern const Workload kMetrics;
const Workload kMetrics{"metrics", "what counting costs, and a scrape", nullptr, run};

}  // namespace m8::bench
