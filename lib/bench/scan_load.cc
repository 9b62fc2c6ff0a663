#include "bench/scan_load.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"
#include "bench/nginx.h"
#include "bench/scan_job.h"

namespace m8::bench {
namespace {

constexpr double kMostMicroseconds = 25, kLeastPerSecond = 40'000, kLeastReused = 98;
constexpr double kMostMegabytes = 150, kMostGrowth = 1.25, kMostOverIdeal = 1.1;
constexpr std::size_t kCostTargets = 100, kCostTemplates = 1000;
constexpr std::size_t kManyTargets = 2000, kFewTargets = 200, kMemoryTemplates = 500;
constexpr std::size_t kFlightHosts = 600, kFlightTemplates = 51;
constexpr std::size_t kAtOnce = 25;
constexpr std::chrono::milliseconds kFlightLatency{3000}, kLatency{50};
constexpr std::size_t kLatencyHosts = 8, kLatencyTemplates = 1001;

/// One template in a hundred finds something in a 404; the others look for what is not there.
std::string matcher(std::size_t i) {
  if (i % 100 == 0) return "{type: status, status: [404]}";
  switch (i % 4) {
    case 0:
      return fmt::format(
          "{{type: word, part: body, words: [product-{}, dashboard], condition: and}}", i);
    case 1:
      return fmt::format("{{type: regex, regex: ['(?i)version[ :]+{}\\.([0-9]+)']}}", i);
    case 2:
      return fmt::format(
          "{{type: dsl, dsl: ['contains(body, \"panel-{}\") && status_code == 200']}}", i);
    default:
      return "{type: status, status: [200, 302]}";
  }
}

Status write_templates(ScanJob& job, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    M8_TRY(write_template(job, fmt::format("path-{:04}", i), fmt::format("/path/{}?q=1", i),
                          matcher(i)));
  job.findings = job.target_count * ((count + 99) / 100);
  return {};
}

/// Addresses 127.90.0.1 and on.
std::vector<std::string> addresses(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(fmt::format("127.90.{}.{}", i / 250, i % 250 + 1));
  return out;
}

Result<ScanJob> absent_job(const Context& context, std::string name, const Nginx& server,
                           std::size_t targets, std::size_t templates) {
  ScanJob job = M8_TRY(make_job(context, std::move(name)));
  std::string text;
  for (const std::string& address : addresses(targets)) text += server.url(address) + "\n";
  M8_TRY(write_file_atomically(job.targets, text));
  job.target_count = targets;
  M8_TRY(write_templates(job, templates));
  return job;
}

double microseconds(const ChildUsage& usage) {
  return static_cast<double>(std::chrono::microseconds(usage.cpu()).count());
}

double reused_percent(const ScanCounts& counts) {
  return 100 * static_cast<double>(counts.reused) / static_cast<double>(counts.requests);
}

}  // namespace

Status measure_cost(const Context& context, Report& report) {
  context.progress("CPU per request");
  const Nginx server = M8_TRY(Nginx::start_absent(context, addresses(kCostTargets)));
  ScanJob job = M8_TRY(absent_job(context, "cost", server, kCostTargets, kCostTemplates));
  Row& cost =
      report.row("100 targets x 1,000, CPU per request", "us", Bar::at_most(kMostMicroseconds));
  Row& reuse = report.row("the same, connections used again", "%", Bar::at_least(kLeastReused));
  Row& rate = report.row("the same, requests on one core", "1/s", Bar::at_least(kLeastPerSecond));
  ScanJob bound = job;
  bound.prefix = {M8_TRY(context.peer_program("taskset", "util-linux")), "-c", "0"};
  M8_TRY(run_counted_scan(context, job));
  return alternate(
      context,
      [&]() -> Status {
        const ChildUsage idle = M8_TRY(run_dry(context, job));
        const ScanCounts free = M8_TRY(run_counted_scan(context, job));
        const ScanCounts one_core = M8_TRY(run_counted_scan(context, bound));
        cost.ours.add((microseconds(free.usage) - microseconds(idle)) /
                      static_cast<double>(free.requests));
        reuse.ours.add(reused_percent(free));
        rate.ours.add(static_cast<double>(one_core.requests) /
                      (seconds(one_core.usage) - seconds(idle)));
        return {};
      },
      nullptr);
}

Status measure_corpus(const Context& context, Report& report, const std::string& folder) {
  context.progress("one target, all templates");
  const Nginx server = M8_TRY(Nginx::start_absent(context, addresses(1)));
  ScanJob job = M8_TRY(absent_job(context, "corpus", server, 1, 0));
  job.templates = folder;
  job.findings = ScanJob::kAnyFindings;  // some templates are content with a 404
  const std::string scope = context.temp_directory + "/scope";
  M8_TRY(write_file_atomically(scope, "127.0.0.0/8\n"));
  job.flags = {"-ud", folder, "-ni", "-nmhe", "--allow", "all", "--scope", scope};
  Row& cost = report.row("one target, all templates, CPU per request", "us",
                         Bar::at_most(kMostMicroseconds));
  Row& memory = report.row("the same, peak memory", "MB", Bar::at_most(kMostMegabytes));
  Row& requests = report.row("the same, requests", "");
  M8_TRY(run_counted_scan(context, job));
  return alternate(
      context,
      [&]() -> Status {
        const ScanCounts all = M8_TRY(run_counted_scan(context, job));
        cost.ours.add(microseconds(all.usage) / static_cast<double>(all.requests));
        memory.ours.add(megabytes(all.usage));
        requests.ours.add(static_cast<double>(all.requests));
        return {};
      },
      nullptr);
}

Status measure_steady_memory(const Context& context, Report& report) {
  context.progress("2,000 targets");
  const Nginx server = M8_TRY(Nginx::start_absent(context, addresses(kManyTargets)));
  const ScanJob many = M8_TRY(absent_job(context, "many", server, kManyTargets, kMemoryTemplates));
  const ScanJob few = M8_TRY(absent_job(context, "few", server, kFewTargets, kMemoryTemplates));
  Row& peak = report.row("2,000 targets x 500, peak memory", "MB", Bar::at_most(kMostMegabytes));
  Row& growth = report.row("the same, beside fewer targets", "MB", Bar::ratio_at_most(kMostGrowth));
  growth.peer_name = "200 targets";
  return alternate(
      context,
      [&]() -> Status {
        const ScanCounts large = M8_TRY(run_counted_scan(context, many));
        const ScanCounts small = M8_TRY(run_counted_scan(context, few));
        peak.ours.add(megabytes(large.usage));
        growth.ours.add(megabytes(large.usage));
        growth.peer.add(megabytes(small.usage));
        return {};
      },
      nullptr);
}

/// One request to each host goes ahead; then each has 25 under way, on connections of their own.
Status measure_in_flight(const Context& context, Report& report) {
  context.progress("15,000 in flight");
  ScanJob job = M8_TRY(make_job(context, "flight"));
  const Lab lab = M8_TRY(
      start_lab(context, kFlightHosts, {"--latency", fmt::format("{}ms", kFlightLatency.count())}));
  M8_TRY(write_lab_targets(job, kFlightHosts, lab.port));
  M8_TRY(write_templates(job, kFlightTemplates));
  job.flags = {"-bs", std::to_string(kFlightHosts), "-c", std::to_string(kAtOnce)};
  Row& open = report.row("600 hosts x 25, connections at once", "",
                         Bar::at_least(static_cast<double>(kFlightHosts * kAtOnce)));
  Row& errors = report.row("the same, requests that failed", "", Bar::at_most(0));
  Row& wall = report.row("the same, time", "s");
  wall.peer_name = "ideal";
  return alternate(
      context,
      [&]() -> Status {
        const ScanCounts counts = M8_TRY(run_counted_scan(context, job));
        // None is closed before the end: the lab keeps them, and so does num8.
        open.ours.add(static_cast<double>(counts.connections));
        errors.ours.add(static_cast<double>(counts.errors));
        wall.ours.add(seconds(counts.usage));
        wall.peer.add(3 * std::chrono::duration<double>(kFlightLatency).count());
        return {};
      },
      nullptr);
}

Status measure_latency(const Context& context, Report& report) {
  context.progress("answers after 50 ms");
  ScanJob job = M8_TRY(make_job(context, "latency"));
  const Lab lab = M8_TRY(
      start_lab(context, kLatencyHosts, {"--latency", fmt::format("{}ms", kLatency.count())}));
  M8_TRY(write_lab_targets(job, kLatencyHosts, lab.port));
  M8_TRY(write_templates(job, kLatencyTemplates));
  job.flags = {"-c", std::to_string(kAtOnce)};
  Row& wall =
      report.row("50 ms, 25 at once for each host", "s", Bar::ratio_at_most(kMostOverIdeal));
  wall.peer_name = "ideal";
  // The first request goes ahead alone.
  const double rounds = 1 + static_cast<double>(kLatencyTemplates - 1) / kAtOnce;
  M8_TRY(run_counted_scan(context, job));
  return alternate(
      context,
      [&]() -> Status {
        wall.ours.add(seconds(M8_TRY(run_counted_scan(context, job)).usage));
        wall.peer.add(rounds * std::chrono::duration<double>(kLatency).count());
        return {};
      },
      nullptr);
}

}  // namespace m8::bench
