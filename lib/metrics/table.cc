#include "metrics/table.h"

namespace m8::metrics {
namespace {

constexpr Row row(const CounterMetric& metric) { return {Kind::kCounter, &metric.definition}; }
constexpr Row row(const GaugeMetric& metric) { return {Kind::kGauge, &metric.definition}; }
constexpr Row row(const HistogramMetric& metric) { return {Kind::kHistogram, &metric.definition}; }

constexpr Row kTable[] = {
    row(kDbConnectionsActive),
    row(kDbConnectionsIdle),
    row(kDbQueryDuration),
    row(kHttpRequestDuration),
    row(kScanDuration),
    row(kScansCompleted),
    row(kMemoryUsage),
    row(kGoroutinesActive),
    row(kEnumDuration),
    row(kHostnamesFound),
    row(kDbOperationDuration),
    row(kCpu),
    row(kResident),
    row(kOpenFiles),
    row(kMostFiles),
    row(kStarted),
    row(kBuild),
    row(kTasks),
    row(kThreads),
    row(kMemoryAvailable),
    row(kDiskBytes),
    row(kNetworkBytes),
    row(kOperations),
    row(kErrors),
    row(kDbConnectionsMax),
    row(kDbConnections),
    row(kDbWaits),
    row(kDbWaitTime),
    row(kDbLockWaits),
    row(kRequests),
    row(kResponses),
    row(kHttpConnections),
    row(kHttpRetries),
    row(kHttpTimeouts),
    row(kBreakerOpens),
    row(kBreakerRejections),
    row(kServiceCalls),
    row(kDnsQueries),
    row(kNames),
    row(kTemplates),
    row(kExecutions),
    row(kTargets),
    row(kTargetErrors),
    row(kFindings),
    row(kQueueDepth),
    row(kQueueMessages),
    row(kQueueConsumers),
    row(kCacheRequests),
    row(kCacheEvictions),
    row(kCacheBytes),
    row(kCacheEntries),
    row(kHealthy),
    row(kFailedAuth),
    row(kSuspicious),
};

}  // namespace

const char* to_string(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return "counter";
    case Kind::kGauge:
      return "gauge";
    case Kind::kHistogram:
      return "histogram";
  }
  return "";
}

std::span<const Row> table() { return kTable; }

const Row* find_metric(std::string_view name) {
  for (const Row& row : kTable) {
    if (row.definition->name == name) return &row;
  }
  return nullptr;
}

}  // namespace m8::metrics
