#include "scan_report.h"

#include <chrono>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "selection.h"

namespace m8::num8 {
namespace {

using templates::Catalog;
using templates::Rejected;

void report(const cli::Context& context, const char* what, const std::vector<Rejected>& rejected) {
  if (context.flags.on("verbose")) {
    for (const Rejected& one : rejected)
      say(context, fmt::format("{}: {} ({}): {}", what, one.id, one.path, one.reason));
    return;
  }
  for (const auto& [reason, count] : Catalog::by_reason(rejected))
    say(context,
        fmt::format("{}: {} {}: {}", what, count, count == 1 ? "template" : "templates", reason));
}

void report_invalid(const cli::Context& context, const std::vector<Rejected>& invalid) {
  if (invalid.empty()) return;
  if (context.flags.on("verbose")) {
    for (const Rejected& one : invalid)
      say(context, fmt::format("could not load template {}: {}", one.path, one.reason));
    return;
  }
  say(context, fmt::format("{} {} invalid, first {}: {} (-v names all)", invalid.size(),
                           invalid.size() == 1 ? "template is" : "templates are", invalid[0].path,
                           invalid[0].reason));
}

void count_reasons(const char* prefix, const std::vector<Rejected>& rejected, model::Run& run) {
  for (const auto& [reason, count] : Catalog::by_reason(rejected))
    run.counts[fmt::format("{}.{}", prefix, reason)] = count;
}

}  // namespace

void report_catalog(const cli::Context& context, const Catalog& catalog) {
  report_invalid(context, catalog.invalid);
  report(context, "not supported yet", catalog.unsupported);
  report(context, "left out for want of a flag", catalog.excluded);
  if (context.flags.on("verbose")) report(context, "left out", catalog.duplicates);
  if (context.flags.on("vv")) {
    for (const auto& one : catalog.templates) {
      const model::TemplateInfo& info = one->info();
      say(context, fmt::format("[{}] {} (@{}) [{}]", info.id, info.name,
                               fmt::join(info.author, ",@"), model::to_string(info.severity)));
    }
  }
  const std::size_t loaded = catalog.templates.size();
  say(context, fmt::format("{} {} loaded", loaded, loaded == 1 ? "template" : "templates"));
}

void report_targets(const cli::Context& context, const model::TargetReader::Counts& counts,
                    const scan::Totals& totals) {
  if (counts.given == 0 && totals.executions == 0) say(context, "no targets: nothing was scanned");
  if (totals.targets_resumed + totals.executions_resumed > 0)
    say(context, fmt::format("done earlier: {} targets, and {} templates on others",
                             totals.targets_resumed, totals.executions_resumed));
  std::string skipped;
  for (const auto& [reason, count] : totals.targets_skipped)
    skipped += fmt::format("{}{} {}", skipped.empty() ? "" : ", ", count, reason);
  if (!skipped.empty()) say(context, "targets left out: " + skipped);
  if (totals.hosts_dead > 0)
    say(context, fmt::format("hosts that never answered: {}{}", fmt::join(totals.dead_hosts, ", "),
                             totals.hosts_dead > totals.dead_hosts.size() ? ", ..." : ""));
}

void report_losses(const cli::Context& context, const scan::Totals& totals,
                   const http::SessionStats& stats, const std::string& proxy) {
  if (totals.hosts_lost > 0)
    say(context, fmt::format("incomplete: {} hosts that had answered stopped answering: {}{}",
                             totals.hosts_lost, fmt::join(totals.lost_hosts, ", "),
                             totals.hosts_lost > totals.lost_hosts.size() ? ", ..." : ""));
  if (stats.proxy_errors > 0)
    say(context, fmt::format("incomplete: {} requests were lost at the proxy {}",
                             stats.proxy_errors, proxy));
  if (const auto it = totals.errors.find("exhausted"); it != totals.errors.end())
    say(context, fmt::format("incomplete: {} requests failed for want of descriptors or memory",
                             it->second));
  if (totals.records_lost > 0)
    say(context, fmt::format("{} records could not be written", totals.records_lost));
}

void report_limit(const cli::Context& context, const cli::RunLimits& limits,
                  const scan::Totals& totals) {
  const char* rest = totals.planned_is_total ? "" : ", and the input was not read to its end";
  say(context,
      limits.text(totals.targets - totals.targets_ended, totals.targets, "targets") + rest);
}

void report_memory(const cli::Context& context, const MemoryGovernor& memory, model::Run& run) {
  if (!memory.limited()) return;
  run.counts["memory.limit_bytes"] = memory.limit();
  run.counts["memory.shortages"] = memory.shortages();
  run.counts["memory.trims"] = memory.trims();
  if (memory.shortages() > 0)
    say(context, fmt::format("memory limit of {} MB came close {} times: less was in flight then",
                             memory.limit() >> 20, memory.shortages()));
}

std::string closing_line(const model::Run& run, const scan::Totals& totals,
                         const http::SessionStats& stats, const ProcessUsage& usage) {
  const std::chrono::duration<double> wall = run.ended - run.started;
  const auto hidden = run.counts.find("findings.suppressed");
  const std::string judged =
      hidden == run.counts.end() ? "" : fmt::format(" ({} suppressed)", hidden->second);
  return fmt::format("{} findings{}, {} targets, {} requests, {:.1f} s, {} threads, peak {} MB",
                     totals.findings, judged, totals.targets, stats.requests, wall.count(),
                     usage.threads, usage.peak_rss_bytes >> 20);
}

bool is_incomplete(const scan::Totals& totals, const http::SessionStats& stats) {
  return totals.hosts_lost > 0 || totals.errors.count("exhausted") > 0 || stats.proxy_errors > 0;
}

void count_catalog(const Catalog& catalog, model::Run& run) {
  run.counts["templates.files"] = catalog.files;
  run.counts["templates.run"] = catalog.templates.size();
  run.counts["templates.filtered"] = catalog.filtered;
  run.counts["templates.invalid"] = catalog.invalid.size();
  run.counts["templates.duplicate_id"] = catalog.duplicates.size();
  count_reasons("templates.unsupported", catalog.unsupported, run);
  count_reasons("templates.excluded", catalog.excluded, run);
}

void count_targets(const model::TargetReader::Counts& counts, model::Run& run) {
  run.counts["targets.asked"] = counts.given;
  run.counts["targets.duplicates"] = counts.duplicates;
  run.counts["targets.rejected"] = counts.rejected;
}

void count_scan(const scan::Totals& totals, const http::SessionStats& stats, model::Run& run) {
  auto& counts = run.counts;
  counts["targets.done"] = totals.targets_done;
  for (const auto& [reason, count] : totals.targets_skipped)
    counts["targets.skipped." + reason] = count;
  counts["executions.done"] = totals.executions;
  counts["executions.skipped"] = totals.executions_skipped;
  if (const auto resumed = totals.executions_resumed + totals.targets_resumed; resumed > 0) {
    counts["resumed.targets"] = totals.targets_resumed;
    counts["resumed.executions"] = totals.executions_resumed;
  }
  counts["hosts.lost"] = totals.hosts_lost;
  counts["findings"] = totals.findings;
  counts["findings.lost"] = totals.records_lost;
  for (const auto& [name, count] : totals.errors) counts["errors." + name] = count;
  counts["requests"] = stats.requests;
  counts["responses"] = stats.responses;
  counts["connections"] = stats.connections;
  counts["connections.reused"] = stats.reused;
  counts["retries"] = stats.retries;
  counts["slowdowns"] = stats.slowdowns;
  counts["proxy.connects"] = stats.proxy_connects;
  counts["proxy.errors"] = stats.proxy_errors;
  counts["timeouts.dial"] = stats.timeouts.dial;
  counts["timeouts.tls"] = stats.timeouts.tls;
  counts["timeouts.header"] = stats.timeouts.header;
  counts["timeouts.body"] = stats.timeouts.body;
  counts["timeouts.total"] = stats.timeouts.total;
  counts["breaker.opens"] = stats.breaker_opens;
  counts["breaker.rejections"] = stats.breaker_rejections;
  counts["bytes.in"] = stats.bytes_in;
  counts["bytes.out"] = stats.bytes_out;
  counts["refused_by_scope"] = stats.refused_by_scope;
}

}  // namespace m8::num8
