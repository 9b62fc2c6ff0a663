#include "scan_metrics.h"

#include <string_view>

#include "http/session_metrics.h"

namespace m8::num8 {
namespace {

metrics::Registry& registry() { return metrics::Registry::process(); }

void put(const scan::Totals& totals) {
  auto& all = registry();
  const auto tasks = static_cast<double>(totals.targets_under_way);
  all.gauge(metrics::kTasks).set(tasks);
  all.gauge(metrics::kGoroutinesActive).set(tasks);
  all.counter(metrics::kTargets, {"done"}).raise_to(totals.targets_done);
  for (const auto& [reason, count] : totals.targets_skipped)
    all.counter(metrics::kTargets, {reason}).raise_to(count);
  all.counter(metrics::kExecutions, {"started"}).raise_to(totals.executions);
  all.counter(metrics::kExecutions, {"skipped"}).raise_to(totals.executions_skipped);
  all.counter(metrics::kFindings).raise_to(totals.findings);
  all.counter(metrics::kOperations, {"scan"}).raise_to(totals.targets_ended);
  all.counter(metrics::kErrors, {"scan", "host_lost"}).raise_to(totals.hosts_lost);
  all.counter(metrics::kErrors, {"scan", "record_lost"}).raise_to(totals.records_lost);
  for (const auto& [name, count] : totals.errors)
    all.counter(metrics::kTargetErrors, {name}).raise_to(count);
}

void put(const LookupCounts& lookups) {
  const std::uint64_t lost = lookups.unanswered;
  registry().counter(metrics::kOperations, {"dns"}).raise_to(lookups.answered + lost);
  registry().counter(metrics::kErrors, {"dns", "unanswered"}).raise_to(lost);
}

}  // namespace

TargetMetrics::TargetMetrics(scan::JobSink* next)
    : next_(next),
      done_(registry().counter(metrics::kScansCompleted, {"vuln", "done"})),
      failed_(registry().counter(metrics::kScansCompleted, {"vuln", "failed"})) {
  for (const char* scheme : {"https", "http", ""}) {
    const std::string_view type = *scheme == '\0' ? "other" : scheme;
    kinds_.push_back({&registry().histogram(metrics::kScanDuration, {"vuln", type}), scheme});
  }
}

Status TargetMetrics::job(const scan::JobResult& job) {
  for (const Kind& kind : kinds_) {
    if (!job.endpoint.starts_with(kind.scheme)) continue;
    kind.duration->observe(job.duration);
    break;
  }
  (job.error.empty() ? done_ : failed_).add();
  return next_ != nullptr ? next_->job(job) : Status();
}

void set_template_metrics(const templates::Catalog& catalog) {
  const auto set = [](const char* state, std::size_t count) {
    registry().gauge(metrics::kTemplates, {state}).set(static_cast<double>(count));
  };
  set("run", catalog.templates.size());
  set("filtered", catalog.filtered);
  set("invalid", catalog.invalid.size());
  set("unsupported", catalog.unsupported.size());
  set("excluded", catalog.excluded.size());
}

metrics::Registry::Sampling sample_scan(const scan::Engine& engine, Network& network,
                                        const MemoryGovernor& memory) {
  return registry().sample([&engine, &network, &memory] {
    put(engine.totals());
    http::count_session(network.session().stats());
    put(network.lookups());
    registry().gauge(metrics::kMemoryUsage, {"bodies"}).set(static_cast<double>(memory.leased()));
  });
}

void count_run(const model::Run& run) {
  registry().histogram(metrics::kScanDuration, {"run", "list"}).observe(run.ended - run.started);
  registry().counter(metrics::kScansCompleted, {"run", run.status}).add();
}

}  // namespace m8::num8
