/// What the runs of asmm8 tell the metrics.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "dns/resolver.h"
#include "enumerate/engine.h"
#include "metrics/metrics.h"
#include "model/run.h"
#include "model/sink.h"
#include "net/name.h"
#include "probe/engine.h"

namespace m8::asmm8 {

/// Counts the names that are found, by domain and source (asmm8_hostnames_found_total).
class FoundMetrics final : public model::Sink {
 public:
  Status hostname(const model::Hostname& record) override;

 private:
  /// By domain and source: so that a name found costs no look-up among all series.
  using Counters = std::map<std::string, std::map<std::string, metrics::Counter*>>;
  Guarded<Counters> counters_;
};

/// Keeps the totals of an enumeration up to date while it lives. Borrowed.
[[nodiscard]] metrics::Registry::Sampling sample_enumeration(const enumerate::Engine& engine);
/// The same of a probe; also its session's, which goes after the sampling.
[[nodiscard]] metrics::Registry::Sampling sample_probe(const probe::Engine& engine,
                                                       const http::Session& session);
/// Of names that are resolved in bulk, and how many of them are under way.
void count_names(std::uint64_t done, std::uint64_t failed, std::uint64_t under_way);
/// At the end: the queries of a run, which its own thread counts.
void count_queries(const dns::Resolver::Counts& counts);
/// The end of a run: asmm8_scan_duration_seconds for each of \p domains, or for "" without any, and
/// num8_scans_completed_total. \p run has its end and status.
void count_run(const model::Run& run, std::string_view scan_type,
               const std::vector<net::Name>& domains = {});

}  // namespace m8::asmm8
