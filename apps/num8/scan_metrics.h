/// What a scan tells the metrics: its targets as they end, and the numbers of its engine.
#pragma once

#include <vector>

#include "base/memory.h"
#include "http/session.h"
#include "metrics/metrics.h"
#include "model/run.h"
#include "network.h"
#include "scan/engine.h"
#include "scan/job.h"
#include "templates/catalog.h"

namespace m8::num8 {

/// Counts finished targets (num8_scan_duration_seconds, num8_scans_completed_total with scan_type
/// "vuln") and gives them on.
class TargetMetrics final : public scan::JobSink {
 public:
  /// \p next is borrowed; null: nobody.
  explicit TargetMetrics(scan::JobSink* next = nullptr);
  Status job(const scan::JobResult& job) override;

 private:
  struct Kind {
    metrics::Histogram* duration;
    const char* scheme;
  };
  scan::JobSink* const next_;
  std::vector<Kind> kinds_;
  metrics::Counter &done_, &failed_;
};

/// Gauges of how many templates are run, and why others are not.
void set_template_metrics(const templates::Catalog& catalog);

/// Keeps the totals of the scan up to date while it lives: requests, connections, time-outs,
/// breakers, targets, executions, findings, names, tasks, memory of bodies. All borrowed.
[[nodiscard]] metrics::Registry::Sampling sample_scan(const scan::Engine& engine, Network& network,
                                                      const MemoryGovernor& memory);

/// The scan as a whole, with scan_type "run".
void count_run(const model::Run& run);

}  // namespace m8::num8
