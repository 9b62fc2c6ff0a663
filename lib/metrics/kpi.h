/// KPIs: the guides' key figures, from what a process exported or what was stored of several.
///
/// Plain values and functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "metrics/snapshot.h"

namespace m8::metrics {

/// What happened between two moments, in one process or several.
struct Window {
  Snapshot change;           ///< counters and histograms: by how much they grew
  Snapshot now;              ///< gauges, as they were last
  double seconds = 0;        ///< how long
  double memory_growth = 0;  ///< of resident memory, bytes per hour; 0 if only one moment is known
};

/// What one process did: between \p first and \p last, or since it began without a first.
Window window_of(const Snapshot* first, const Snapshot& last);
/// What several did: each gives its moments, the oldest first, none empty; what was before \p since
/// is only compared with. Ordered by who was seen last at the end.
Window window_of(const std::vector<std::vector<Snapshot>>& processes, WallTime since);

struct Kpi {
  std::string name;             ///< "http_p99", "error_rate"
  std::string of;               ///< component, queue or scan type; may be empty
  std::string unit;             ///< "seconds", "ratio", "bytes", "1/minute", ...
  std::optional<double> value;  ///< empty: nothing to measure yet
};

/// In this order: db_pool (share of connections in use), http_p50, http_p95, http_p99,
/// scans_per_minute, memory, memory_share (of what is available), memory_growth, error_rate by
/// component, queue_depth and queue_rate (settled messages) by queue, avg_scan by scan type,
/// db_p95, hostnames_per_second. Those by something are left out if there is nothing of the kind.
std::vector<Kpi> kpis(const Window& window);

/// The value below which a share \p q (0..1) of a histogram's values lies, as Prometheus's
/// histogram_quantile() has it; empty without values.
std::optional<double> quantile(const std::map<double, double>& buckets, double q);

/// The lines of \p exposition that kpis() needs, without the zeros that change nothing: what the
/// store keeps of a moment.
std::string kpi_lines(std::string_view exposition);

}  // namespace m8::metrics
