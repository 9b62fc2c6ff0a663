#include "cache/backend_metrics.h"

#include "metrics/metrics.h"

namespace m8::cache {
namespace {

/// Without the place, which says nothing in a graph.
std::string kind_of(const Backend& backend) {
  const std::string name = backend.name();
  if (name.starts_with('/')) return "files";
  return name.starts_with("memory") ? "memory" : "redis";
}

void put(const std::string& kind, const BackendStats& stats) {
  auto& all = metrics::Registry::process();
  all.gauge(metrics::kCacheEntries, {kind}).set(static_cast<double>(stats.entries));
  all.gauge(metrics::kCacheBytes, {kind}).set(static_cast<double>(stats.bytes));
  all.counter(metrics::kCacheEvictions, {kind}).raise_to(stats.evicted);
  all.counter(metrics::kErrors, {"cache", "failed"}).raise_to(stats.failures);
}

}  // namespace

metrics::Watch watch_backend(Backend* backend) {
  if (backend == nullptr) return {};
  return metrics::Watch(
      [backend, kind = kind_of(*backend)](std::stop_token) { put(kind, backend->stats()); });
}

}  // namespace m8::cache
