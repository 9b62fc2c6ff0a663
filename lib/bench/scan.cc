/// `m8 bench scan`: `num8 scan` as a process against `m8 lab`: latency, threads, memory.
///
/// Three set-ups. Slow: endpoints that answer after 20 ms; the peer is the ideal, endpoints x
/// requests x 20 ms / 10, when ten targets at a time ask one request after another. Dead: targets
/// from stdin on loopback ports where nobody listens. Live: hosts with large bodies that are read,
/// matched and written into findings. Before anything is timed, each set-up must produce exactly
/// the findings that its targets and templates are made for.
#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"
#include "bench/registry.h"
#include "bench/scan_job.h"
#include "bench/scan_load.h"
#include "cli/make_flag.h"
#include "net/socket.h"

namespace m8::bench {
namespace {

constexpr std::size_t kSlowHosts = 100, kSlowTemplates = 20;
constexpr int kSlowAtOnce = 10;
constexpr std::chrono::milliseconds kLatency{20};
constexpr std::size_t kBodyBytes = 100'000;
constexpr double kMostOverIdeal = 1.2, kMostThreads = 49, kMostMegabytes = 150;

/// Each template asks for a path of its own, so that no two share a request.
Result<ScanJob> slow_job(const Context& context) {
  ScanJob job = M8_TRY(make_job(context, "slow"));
  for (std::size_t i = 0; i < kSlowTemplates; ++i)
    M8_TRY(write_template(job, fmt::format("slow-{:02}", i), fmt::format("/absent-{:02}", i),
                          "{type: status, status: [404]}"));
  job.flags = {"-bs", std::to_string(kSlowAtOnce)};
  job.findings = kSlowHosts * kSlowTemplates;
  return job;
}

double ideal_seconds() {
  return static_cast<double>(kSlowHosts * kSlowTemplates) / kSlowAtOnce *
         std::chrono::duration<double>(kLatency).count();
}

Status measure_slow(const Context& context, Report& report) {
  context.progress("slow hosts");
  ScanJob wide = M8_TRY(slow_job(context));
  const Lab lab =
      M8_TRY(start_lab(context, kSlowHosts, {"--latency", fmt::format("{}ms", kLatency.count())}));
  M8_TRY(write_lab_targets(wide, kSlowHosts, lab.port));
  ScanJob serial = wide;
  serial.flags.insert(serial.flags.end(), {"-c", "1"});
  Row& wall = report.row("slow hosts, -c 1", "s", Bar::ratio_at_most(kMostOverIdeal));
  wall.peer_name = "ideal";
  Row& usual = report.row("slow hosts, -c 25", "s");
  Row& threads = report.row("slow hosts, threads", "", Bar::at_most(kMostThreads));
  Row& memory = report.row("slow hosts, peak memory", "MB");
  M8_TRY(run_scan(context, serial));
  return alternate(
      context,
      [&]() -> Status {
        const ChildUsage one = M8_TRY(run_scan(context, serial));
        const ChildUsage many = M8_TRY(run_scan(context, wide));
        wall.ours.add(seconds(one));
        wall.peer.add(ideal_seconds());
        usual.ours.add(seconds(many));
        threads.ours.add(std::max(one.max_threads, many.max_threads));
        memory.ours.add(std::max(megabytes(one), megabytes(many)));
        return {};
      },
      nullptr);
}

/// The guides' benchmark: some endpoints, scanned one after another by one worker, and by many.
Status measure_workers(const Context& context, Report& report) {
  const auto endpoints = context.flags.number<std::size_t>("endpoints");
  const auto workers = context.flags.number<int>("workers");
  context.progress("workers");
  ScanJob many = M8_TRY(make_job(context, "workers"));
  M8_TRY(write_template(many, "absent", "/absent", "{type: status, status: [404]}"));
  const Lab lab =
      M8_TRY(start_lab(context, endpoints, {"--latency", fmt::format("{}ms", kLatency.count())}));
  M8_TRY(write_lab_targets(many, endpoints, lab.port));
  many.findings = endpoints;
  ScanJob one = many;
  many.flags = {"--workers", std::to_string(workers)};
  one.flags = {"--workers", "1"};
  const bool compared = workers > 1;
  Row& rate = compared ? report.row("endpoints, workers", "1/s", Bar::ratio_at_least(0.6 * workers))
                       : report.row("endpoints, one worker", "1/s");
  if (compared) rate.metric = fmt::format("endpoints, {} workers", workers);
  rate.peer_name = compared ? "one worker" : "";
  Row& cpu = report.row("of it CPU", "%");
  const auto rate_of = [endpoints](const ChildUsage& usage) {
    return static_cast<double>(endpoints) / seconds(usage);
  };
  M8_TRY(run_scan(context, many));
  return alternate(
      context,
      [&]() -> Status {
        const ChildUsage usage = M8_TRY(run_scan(context, many));
        rate.ours.add(rate_of(usage));
        cpu.ours.add(100 * std::chrono::duration<double>(usage.cpu()).count() / seconds(usage));
        if (compared) rate.peer.add(rate_of(M8_TRY(run_scan(context, one))));
        return {};
      },
      nullptr);
}

/// Addresses 127.100.0.0 and up on a port that was free a moment ago.
Result<ScanJob> dead_job(const Context& context, std::size_t count) {
  ScanJob job = M8_TRY(make_job(context, "dead"));
  std::uint16_t port = 0;
  {
    const Fd listener = M8_TRY(net::tcp_listen({net::IpAddress::v4(0x7f000001), 0}));
    port = M8_TRY(net::local_address(listener.get())).port;
  }
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    const auto address = net::IpAddress::v4(0x7f640000 + static_cast<std::uint32_t>(i));
    fmt::format_to(std::back_inserter(text), "http://{}:{}\n", address.to_string(), port);
  }
  M8_TRY(write_file_atomically(job.targets, text));
  M8_TRY(write_template(job, "any-page", "/", "{type: status, status: [200]}"));
  job.target_count = count;
  return job;
}

/// Half of the templates find something on every host, so that answers are kept and written.
Result<ScanJob> live_job(const Context& context, std::size_t count) {
  ScanJob job = M8_TRY(make_job(context, "live"));
  M8_TRY(write_template(job, "body-word", "/", "{type: word, words: [mmmmmmmm]}"));
  M8_TRY(write_template(job, "body-size", "/?size",
                        fmt::format("{{type: dsl, dsl: ['len(body) == {}']}}", kBodyBytes)));
  M8_TRY(write_template(job, "body-regex", "/?regex", "{type: regex, regex: ['x[0-9]+x']}"));
  M8_TRY(write_template(job, "body-absent", "/?absent", "{type: word, words: [nothere]}"));
  job.findings = 2 * count;
  return job;
}

/// Rate and peak memory of a job; its first scan checks the findings and is not counted.
Status measure_memory(const Context& context, Report& report, const ScanJob& job) {
  Row& rate = report.row(job.name + " hosts", "targets/s");
  Row& memory = report.row(job.name + " hosts, peak memory", "MB", Bar::at_most(kMostMegabytes));
  Row& threads = report.row(job.name + " hosts, threads", "", Bar::at_most(kMostThreads));
  context.progress(job.name + " hosts");
  M8_TRY(run_scan(context, job));
  return alternate(
      context,
      [&]() -> Status {
        const ChildUsage usage = M8_TRY(run_scan(context, job));
        rate.ours.add(static_cast<double>(job.target_count) / seconds(usage));
        memory.ours.add(megabytes(usage));
        threads.ours.add(usage.max_threads);
        return {};
      },
      nullptr);
}

Status measure_live(const Context& context, Report& report, std::size_t count) {
  ScanJob job = M8_TRY(live_job(context, count));
  const Lab lab = M8_TRY(start_lab(context, count, {"--body", std::to_string(kBodyBytes)}));
  M8_TRY(write_lab_targets(job, count, lab.port));
  return measure_memory(context, report, job);
}

Result<Report> run(const Context& context) {
  const auto dead = context.flags.number<std::size_t>("dead");
  const auto live = context.flags.number<std::size_t>("live");
  Report report("scan");
  const bool all = !context.flags.on("load");
  if (all) M8_TRY(measure_workers(context, report));
  if (context.flags.given("workers")) return report;
  M8_TRY(measure_cost(context, report));
  if (const std::string folder = context.flags.text("templates"); !folder.empty())
    M8_TRY(measure_corpus(context, report, folder));
  M8_TRY(measure_steady_memory(context, report));
  M8_TRY(measure_in_flight(context, report));
  M8_TRY(measure_latency(context, report));
  report.note(
      "CPU per request: of 100 targets without loading (--dry-run), of one target with it; "
      "nginx, one worker, 404");
  if (!all) return report;
  M8_TRY(measure_slow(context, report));
  const ScanJob refused = M8_TRY(dead_job(context, dead));
  M8_TRY(measure_memory(context, report, refused));
  M8_TRY(measure_live(context, report, live));
  report.note(fmt::format("slow: {} hosts x {} templates, {} ms, -bs {}; all findings counted",
                          kSlowHosts, kSlowTemplates, kLatency.count(), kSlowAtOnce));
  report.note(
      fmt::format("dead: {} refused targets from stdin; live: {} hosts, bodies of {} bytes,"
                  " two of four templates find something on each",
                  dead, live, kBodyBytes));
  report.note("peak memory: VmHWM of num8 itself, read every 10 ms");
  return report;
}

cli::Flag count_flag(const char* name, const char* initial, long long max, const char* brief) {
  return cli::typed(cli::with_default(cli::valued("Scan", name, {}, "N", brief), initial),
                    cli::ValueType::number(1, max));
}

std::vector<cli::Flag> flags() {
  return {cli::switched("Scan", "load", {},
                        "only what a request costs, and how many may go on at once"),
          cli::valued(
              "Scan", "templates", {}, "DIR",
              "also measure one target with all that is in it: the collection's root, where its "
              "payload lists are"),
          count_flag("endpoints", "100", 10'000, "endpoints for the workers"),
          count_flag("workers", "25", 1000, "targets at once; given, only this is run"),
          count_flag("dead", "200000", 1'000'000, "targets where nobody listens"),
          count_flag("live", "2000", 10'000, "hosts with large bodies")};
}

}  // namespace

extern const Workload kScan;
const Workload kScan{"scan", "num8 scan on m8 lab: latency, threads, memory", flags, run};

}  // namespace m8::bench
