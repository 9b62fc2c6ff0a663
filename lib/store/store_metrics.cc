#include "store/store_metrics.h"

#include <array>

namespace m8::store {
namespace {

metrics::Registry& registry() { return metrics::Registry::process(); }

constexpr std::array<std::string_view, 6> kStatements = {"SELECT", "INSERT", "UPDATE",
                                                         "DELETE", "WITH",   ""};
constexpr std::array<const char*, 6> kTypes = {"select", "insert", "update",
                                               "delete", "with",   "batch"};
constexpr std::array<const char*, 6> kOperations = {"upsert_hostnames", "deny_hostnames",
                                                    "upsert_endpoints", "upsert_issues",
                                                    "add_pieces",       "save_journal"};

template <std::size_t N>
std::array<metrics::Histogram*, N> handles(const metrics::HistogramMetric& metric,
                                           const std::array<const char*, N>& values) {
  std::array<metrics::Histogram*, N> made{};
  for (std::size_t i = 0; i < N; ++i) made[i] = &registry().histogram(metric, {values[i]});
  return made;
}

void put(const PoolStats& pool, int most) {
  auto& all = registry();
  all.gauge(metrics::kDbConnectionsActive).set(pool.in_use);
  all.gauge(metrics::kDbConnectionsIdle).set(pool.idle);
  all.gauge(metrics::kDbConnectionsMax).set(most);
  all.counter(metrics::kDbConnections, {"opened"}).raise_to(pool.opened);
  all.counter(metrics::kDbConnections, {"broken"}).raise_to(pool.broken);
  all.counter(metrics::kDbConnections, {"expired"}).raise_to(pool.expired);
  all.counter(metrics::kDbConnections, {"timeout"}).raise_to(pool.timeouts + pool.refused);
  all.counter(metrics::kDbWaits).raise_to(pool.waits);
  all.counter(metrics::kDbWaitTime).raise_to(static_cast<std::uint64_t>(pool.wait_time.count()));
}

}  // namespace

void count_statement(std::string_view sql, std::chrono::nanoseconds took) {
  static const auto histograms = handles(metrics::kDbQueryDuration, kTypes);
  std::size_t type = 0;
  while (!sql.starts_with(kStatements[type])) ++type;  // the last is empty
  histograms[type]->observe(took);
}

void count_lock_wait() {
  static metrics::Counter& waits = registry().counter(metrics::kDbLockWaits);
  waits.add();
}

void count_operation(Operation operation, const Status& outcome, std::chrono::nanoseconds took) {
  static const auto histograms = handles(metrics::kDbOperationDuration, kOperations);
  static metrics::Counter& all = registry().counter(metrics::kOperations, {"database"});
  histograms[static_cast<std::size_t>(operation)]->observe(took);
  all.add();
  if (outcome.ok()) return;
  registry().counter(metrics::kErrors, {"database", to_string(outcome.error().code)}).add();
}

metrics::Registry::Sampling sample_pool(Store& store, int most) {
  return registry().sample([&store, most] {
    // A file has one connection, which nobody waits for.
    PoolStats file;
    file.idle = 1;
    const auto pool = store.tend();
    put(pool.value_or(file), pool ? most : 1);
  });
}

}  // namespace m8::store
