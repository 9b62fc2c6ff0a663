/// The table of all metrics: names, kinds, labels, help. What programs export, what the rule file
/// and the dashboard in examples/ may ask for, and what `m8 metrics list` prints.
///
/// Those that begin with num8_ and asmm8_ are the guides', to the letter. Constant data.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace m8::metrics {

enum class Kind { kCounter, kGauge, kHistogram };

/// "counter", "gauge", "histogram"
const char* to_string(Kind kind);

inline constexpr std::size_t kMostLabels = 3, kMostBuckets = 12;

struct Definition {
  std::string_view name, help;
  std::array<std::string_view, kMostLabels> labels = {};  ///< an empty one ends them
  std::span<const double> buckets = {};                   ///< upper bounds of a histogram
  double unit = 1;  ///< of a counter's number: 1e-9 for nanoseconds of a metric in seconds
};

struct CounterMetric {
  Definition definition;
};
struct GaugeMetric {
  Definition definition;
};
struct HistogramMetric {
  Definition definition;
};

/// Seconds. Those of Prometheus's clients, and those of the guides for scans.
inline constexpr double kDefaultBuckets[] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
/// And for calls, which may take less than a millisecond.
inline constexpr double kCallBuckets[] = {.0005, .001, .0025, .005, .01, .025,
                                          .05,   .1,   .25,   .5,   1,   5};
inline constexpr double kScanBuckets[] = {1, 5, 10, 30, 60, 120, 300, 600, 1800};

// ---- the guides' --------------------------------------------------------------------------------
inline constexpr GaugeMetric kDbConnectionsActive{
    {"num8_db_connections_active", "Number of active database connections"}};
inline constexpr GaugeMetric kDbConnectionsIdle{
    {"num8_db_connections_idle", "Number of idle database connections"}};
inline constexpr HistogramMetric kDbQueryDuration{{"num8_db_query_duration_seconds",
                                                   "Database query execution time",
                                                   {"query_type"},
                                                   kDefaultBuckets}};
inline constexpr HistogramMetric kHttpRequestDuration{{"num8_http_request_duration_seconds",
                                                       "HTTP request execution time",
                                                       {"method", "endpoint", "status"},
                                                       kDefaultBuckets}};
inline constexpr HistogramMetric kScanDuration{{"num8_scan_duration_seconds",
                                                "Scan execution time",
                                                {"scan_type", "target_type"},
                                                kScanBuckets}};
inline constexpr CounterMetric kScansCompleted{
    {"num8_scans_completed_total", "Total number of completed scans", {"scan_type", "status"}}};
inline constexpr GaugeMetric kMemoryUsage{
    {"num8_memory_usage_bytes", "Memory usage by component", {"component"}}};
inline constexpr GaugeMetric kGoroutinesActive{
    {"num8_goroutines_active", "Number of active goroutines"}};
inline constexpr HistogramMetric kEnumDuration{{"asmm8_scan_duration_seconds",
                                                "Duration of scanning operations",
                                                {"scan_type", "domain"},
                                                kDefaultBuckets}};
inline constexpr CounterMetric kHostnamesFound{
    {"asmm8_hostnames_found_total", "Total number of hostnames found", {"domain", "source"}}};
inline constexpr HistogramMetric kDbOperationDuration{{"asmm8_db_operation_duration_seconds",
                                                       "Duration of database operations",
                                                       {"operation"},
                                                       kDefaultBuckets}};

// ---- the process, as all clients of Prometheus name it ------------------------------------------
inline constexpr CounterMetric kCpu{
    {"process_cpu_seconds_total", "User and system CPU time", {}, {}, 1e-6}};
inline constexpr GaugeMetric kResident{{"process_resident_memory_bytes", "Resident memory"}};
inline constexpr GaugeMetric kOpenFiles{{"process_open_fds", "Open file descriptors"}};
inline constexpr GaugeMetric kMostFiles{{"process_max_fds", "Open file descriptors at most"}};
inline constexpr GaugeMetric kStarted{
    {"process_start_time_seconds", "When the process began, since 1970"}};
inline constexpr GaugeMetric kBuild{
    {"m8_build_info", "Version of the program; always 1", {"program", "version"}}};
inline constexpr GaugeMetric kTasks{{"m8_tasks_active", "Pieces of work under way"}};
inline constexpr GaugeMetric kThreads{{"m8_threads", "Threads of the process"}};
inline constexpr GaugeMetric kMemoryAvailable{
    {"m8_memory_available_bytes",
     "What this process may use: --max-memory, its control group or the machine"}};
inline constexpr CounterMetric kDiskBytes{
    {"m8_disk_bytes_total", "Bytes read from and written to disk", {"direction"}}};
inline constexpr CounterMetric kNetworkBytes{
    {"m8_network_bytes_total", "Bytes received from and sent to targets", {"direction"}}};

// ---- work and errors, by component --------------------------------------------------------------
inline constexpr CounterMetric kOperations{
    {"m8_operations_total", "Operations that ended, good or bad", {"component"}}};
inline constexpr CounterMetric kErrors{
    {"m8_errors_total", "Operations that failed", {"component", "error"}}};

// ---- the database -------------------------------------------------------------------------------
inline constexpr GaugeMetric kDbConnectionsMax{
    {"m8_db_connections_max", "Database connections that the pool may open"}};
inline constexpr CounterMetric kDbConnections{
    {"m8_db_connections_total", "Database connections by what became of them", {"event"}}};
inline constexpr CounterMetric kDbWaits{
    {"m8_db_waits_total", "Callers that waited for a database connection"}};
inline constexpr CounterMetric kDbWaitTime{
    {"m8_db_wait_seconds_total", "Time spent waiting for a database connection", {}, {}, 1e-9}};
inline constexpr CounterMetric kDbLockWaits{
    {"m8_db_lock_waits_total", "Statements that met a lock of somebody else"}};

// ---- requests to targets and services -----------------------------------------------------------
inline constexpr CounterMetric kRequests{
    {"m8_http_requests_total", "HTTP requests sent to targets and services"}};
inline constexpr CounterMetric kResponses{
    {"m8_http_responses_total", "HTTP responses from targets and services"}};
inline constexpr CounterMetric kHttpConnections{
    {"m8_http_connections_total", "HTTP connections, new and used again", {"kind"}}};
inline constexpr CounterMetric kHttpRetries{
    {"m8_http_retries_total", "HTTP requests that were tried again"}};
inline constexpr CounterMetric kHttpTimeouts{
    {"m8_http_timeouts_total", "HTTP requests that ran out of time", {"phase"}}};
inline constexpr CounterMetric kBreakerOpens{
    {"m8_breaker_opens_total", "Circuit breakers of services that opened"}};
inline constexpr CounterMetric kBreakerRejections{
    {"m8_breaker_rejections_total", "Requests that an open circuit breaker rejected"}};
/// Of the database the guides have their own.
inline constexpr HistogramMetric kServiceCalls{
    {"m8_service_call_duration_seconds",
     "Calls to services until their answer: HTTP by host, the broker, the cache",
     {"service", "call", "result"},
     kCallBuckets}};

// ---- names --------------------------------------------------------------------------------------
inline constexpr CounterMetric kDnsQueries{
    {"m8_dns_queries_total", "DNS queries sent, by what became of them", {"event"}}};
inline constexpr CounterMetric kNames{
    {"m8_names_total", "Candidate names that were decided on", {"verdict"}}};

// ---- scans --------------------------------------------------------------------------------------
inline constexpr GaugeMetric kTemplates{{"m8_templates", "Templates of the catalogue", {"state"}}};
inline constexpr CounterMetric kExecutions{
    {"m8_template_executions_total", "Templates run on a target", {"result"}}};
inline constexpr CounterMetric kTargets{{"m8_targets_total", "Targets that ended", {"state"}}};
inline constexpr CounterMetric kTargetErrors{
    {"m8_target_errors_total", "Requests that a target did not answer", {"error"}}};
inline constexpr CounterMetric kFindings{{"m8_findings_total", "Findings of scans"}};

// ---- queues and caches --------------------------------------------------------------------------
inline constexpr GaugeMetric kQueueDepth{
    {"m8_queue_depth", "Messages that wait in a queue", {"queue"}}};
inline constexpr CounterMetric kQueueMessages{
    {"m8_queue_messages_total", "Messages by what became of them", {"queue", "event"}}};
inline constexpr GaugeMetric kQueueConsumers{
    {"m8_queue_consumers", "Consumers of a queue", {"queue"}}};
inline constexpr CounterMetric kCacheRequests{
    {"m8_cache_requests_total", "Look-ups in a cache", {"cache", "result"}}};
inline constexpr CounterMetric kCacheEvictions{
    {"m8_cache_evictions_total", "Entries that made room for others", {"cache"}}};
inline constexpr GaugeMetric kCacheBytes{{"m8_cache_bytes", "Bytes in a cache", {"cache"}}};
inline constexpr GaugeMetric kCacheEntries{{"m8_cache_entries", "Entries of a cache", {"cache"}}};

// ---- health and security ------------------------------------------------------------------------
inline constexpr GaugeMetric kHealthy{
    {"m8_health_check", "1 if the check found all well, else 0", {"check"}}};
inline constexpr CounterMetric kFailedAuth{
    {"m8_failed_auth_attempts_total", "Requests with a wrong token or none", {"endpoint"}}};
inline constexpr CounterMetric kSuspicious{
    {"m8_suspicious_requests_total", "Requests that no honest caller sends", {"type"}}};

/// A row of the table.
struct Row {
  Kind kind;
  const Definition* definition;
};
/// All of the above, in that order.
std::span<const Row> table();
/// Null if there is none of that name.
const Row* find_metric(std::string_view name);

}  // namespace m8::metrics
