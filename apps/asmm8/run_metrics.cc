#include "run_metrics.h"

#include "dns/resolver_metrics.h"
#include "http/session_metrics.h"

namespace m8::asmm8 {
namespace {

metrics::Registry& registry() { return metrics::Registry::process(); }

void set_tasks(std::uint64_t tasks) {
  registry().gauge(metrics::kTasks).set(static_cast<double>(tasks));
  registry().gauge(metrics::kGoroutinesActive).set(static_cast<double>(tasks));
}

void count_verdict(const char* verdict, std::uint64_t names) {
  registry().counter(metrics::kNames, {verdict}).raise_to(names);
}

void count_dns(std::uint64_t done, std::uint64_t failed) {
  registry().counter(metrics::kOperations, {"dns"}).raise_to(done);
  registry().counter(metrics::kErrors, {"dns", "unanswered"}).raise_to(failed);
}

void put(const enumerate::Counts& counts) {
  count_verdict("found", counts.found);
  count_verdict("nxdomain", counts.denied);
  count_verdict("nodata", counts.empty);
  count_verdict("wildcard", counts.wildcard);
  count_verdict("dangling", counts.dangling);
  count_verdict("failed", counts.failed);
  count_verdict("out_of_scope", counts.out_of_scope);
  count_dns(counts.tried, counts.failed);
}

}  // namespace

Status FoundMetrics::hostname(const model::Hostname& record) {
  if (!record.live) return {};
  auto counters = counters_.lock();
  auto& of_domain = (*counters)[record.domain];
  for (const std::string& source : record.sources) {
    metrics::Counter*& counter = of_domain[source];
    if (counter == nullptr)
      counter = &registry().counter(metrics::kHostnamesFound, {record.domain, source});
    counter->add();
  }
  return {};
}

metrics::Registry::Sampling sample_enumeration(const enumerate::Engine& engine) {
  return registry().sample([&engine] { put(engine.counts()); });
}

metrics::Registry::Sampling sample_probe(const probe::Engine& engine,
                                         const http::Session& session) {
  return registry().sample([&engine, &session] {
    const probe::Engine::Counts counts = engine.counts();
    set_tasks(counts.targets - counts.done);
    registry().counter(metrics::kTargets, {"done"}).raise_to(counts.done);
    registry().counter(metrics::kOperations, {"scan"}).raise_to(counts.done);
    registry().counter(metrics::kErrors, {"scan", "record_lost"}).raise_to(counts.lost);
    registry().counter(metrics::kTargetErrors, {"no_endpoint"}).raise_to(counts.failed);
    http::count_session(session.stats());
  });
}

void count_names(std::uint64_t done, std::uint64_t failed, std::uint64_t under_way) {
  set_tasks(under_way);
  count_dns(done, failed);
}

void count_queries(const dns::Resolver::Counts& counts) { dns::ResolverMetrics().add(counts); }

void count_run(const model::Run& run, std::string_view scan_type,
               const std::vector<net::Name>& domains) {
  const auto took = run.ended - run.started;
  if (domains.empty()) metrics::record_scan_duration(scan_type, "", took);
  for (const net::Name& domain : domains)
    metrics::record_scan_duration(scan_type, domain.text(), took);
  registry().counter(metrics::kScansCompleted, {scan_type, run.status}).add();
}

}  // namespace m8::asmm8
