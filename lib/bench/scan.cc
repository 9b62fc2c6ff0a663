/// `m8 bench scan`: `num8 scan` as a process against `m8 lab`: latency, threads, memory.
///
/// Three set-ups. Slow: endpoints that answer after 20 ms; the peer is the ideal, endpoints x
/// requests x 20 ms / 10, when ten targets at a time ask one request after another. Dead: targets
/// from stdin on loopback ports where nobody listens. Live: hosts with large bodies that are read,
/// matched and written into findings. Before anything is timed, each set-up must produce exactly
/// the findings that its targets and templates are made for.
#include <algorithm>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "bench/registry.h"
#include "lab/hosts.h"
#include "net/socket.h"

namespace m8::bench {
namespace {

constexpr auto kTimeout = std::chrono::seconds(600);
constexpr auto kReadyTimeout = std::chrono::seconds(30);
constexpr std::size_t kSlowHosts = 100, kSlowTemplates = 20;
constexpr int kSlowAtOnce = 10;
constexpr std::chrono::milliseconds kLatency{20};
constexpr std::size_t kBodyBytes = 100'000;
constexpr double kMostOverIdeal = 1.2, kMostThreads = 49, kMostMegabytes = 150;

/// A template with one GET and one matcher.
std::string template_text(std::string_view id, std::string_view path, std::string_view matcher) {
  return fmt::format(
      "id: {}\ninfo:\n  name: {}\n  author: bench\n  severity: info\nhttp:\n  - method: GET\n"
      "    path:\n      - \"{{{{BaseURL}}}}{}\"\n    matchers:\n      - {}\n",
      id, id, path, matcher);
}

/// What one scan works on, and the findings it must produce.
struct Job {
  std::string name, templates, targets;  ///< paths
  std::size_t target_count = 0, findings = 0;
  std::vector<std::string> flags;
};

Status make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return {};
  return errno_error("make " + path, errno);
}

Result<Job> make_job(const Context& context, std::string name) {
  Job job;
  job.templates = fmt::format("{}/{}-templates", context.temp_directory, name);
  job.targets = fmt::format("{}/{}-targets", context.temp_directory, name);
  job.name = std::move(name);
  M8_TRY(make_directory(job.templates));
  return job;
}

Status write_template(const Job& job, std::string_view id, std::string_view path,
                      std::string_view matcher) {
  return write_file_atomically(fmt::format("{}/{}.yaml", job.templates, id),
                               template_text(id, path, matcher));
}

/// The hosts that `m8 lab --hosts` adds: not every address of their network is one.
Status write_lab_targets(Job& job, std::size_t count, std::uint16_t port) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    const auto address = lab::extra_host_address(i).to_string();
    fmt::format_to(std::back_inserter(text), "http://{}:{}\n", address, port);
  }
  job.target_count = count;
  return write_file_atomically(job.targets, text);
}

/// m8 lab, ended with the guard.
struct Lab {
  Child child;
  std::uint16_t port = 0;
};

Result<Lab> start_lab(const Context& context, std::size_t hosts, std::vector<std::string> faults) {
  const std::string ready = context.temp_directory + "/lab.json";
  (void)::remove(ready.c_str());
  ChildOptions options;
  options.arguments = {M8_TRY(context.own_program("m8")),
                       "lab",
                       "--port",
                       "0",
                       "--dns-port",
                       "0",
                       "--hosts",
                       std::to_string(hosts),
                       "--ready-file",
                       ready};
  options.arguments.insert(options.arguments.end(), faults.begin(), faults.end());
  options.errors = ChildStream::file(context.temp_directory + "/lab.errors");
  Child child = M8_TRY(Child::start(options, context.clock));
  M8_TRY(wait_for_file(context, ready, child, kReadyTimeout));
  const std::string text = M8_TRY(read_file(ready));
  const auto record = M8_TRY(json::parse(text));
  const json::Value* port = record.find("port");
  if (port == nullptr) return Error{ErrorCode::kInternal, "m8 lab: no port in its ready file"};
  return Lab{std::move(child), static_cast<std::uint16_t>(port->as_int())};
}

/// How many targets a scan says it is done with, in the record of --summary.
Result<std::int64_t> targets_done(const std::string& path) {
  const std::string text = M8_TRY(read_file(path));
  const auto record = M8_TRY(json::parse(text));
  const json::Value* counts = record.find("counts");
  const json::Value* done = counts ? counts->find("targets.done") : nullptr;
  return done ? done->as_int() : 0;
}

/// Scans and fails unless it did every target and wrote exactly the findings expected.
Result<ChildUsage> scan(const Context& context, const Job& job) {
  const std::string out = context.temp_directory + "/findings";
  const std::string summary = context.temp_directory + "/summary";
  ChildOptions options;
  const std::string num8 = M8_TRY(context.own_program("num8"));
  options.arguments = {num8, "scan", "-q", "-j", "--no-store", "-rl", "0", "--summary", summary};
  options.arguments.insert(options.arguments.end(), {"-t", job.templates, "-l", "-"});
  options.arguments.insert(options.arguments.end(), job.flags.begin(), job.flags.end());
  options.input = ChildStream::file(job.targets);
  options.output = ChildStream::file(out);
  options.errors = ChildStream::file(context.temp_directory + "/errors");
  const ChildUsage usage = M8_TRY(run_checked(context, options, kTimeout));
  std::size_t findings = 0;
  LineReader lines = M8_TRY(LineReader::open(out));
  while (M8_TRY(lines.next(context.stop))) ++findings;
  const auto done = static_cast<std::size_t>(M8_TRY(targets_done(summary)));
  if (findings == job.findings && done == job.target_count) return usage;
  return Error{ErrorCode::kInternal,
               fmt::format("bench scan: {}: {} findings instead of {}, {} targets instead of {}",
                           job.name, findings, job.findings, done, job.target_count)};
}

double megabytes(const ChildUsage& usage) {
  return static_cast<double>(usage.peak_rss_bytes) / 1e6;
}

double seconds(const ChildUsage& usage) {
  return std::chrono::duration<double>(usage.wall).count();
}

/// Each template asks for a path of its own, so that no two share a request.
Result<Job> slow_job(const Context& context) {
  Job job = M8_TRY(make_job(context, "slow"));
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
  Job wide = M8_TRY(slow_job(context));
  const Lab lab =
      M8_TRY(start_lab(context, kSlowHosts, {"--latency", fmt::format("{}ms", kLatency.count())}));
  M8_TRY(write_lab_targets(wide, kSlowHosts, lab.port));
  Job serial = wide;
  serial.flags.insert(serial.flags.end(), {"-c", "1"});
  Row& wall = report.row("slow hosts, -c 1", "s", Bar::ratio_at_most(kMostOverIdeal));
  wall.peer_name = "ideal";
  Row& usual = report.row("slow hosts, -c 25", "s");
  Row& threads = report.row("slow hosts, threads", "", Bar::at_most(kMostThreads));
  Row& memory = report.row("slow hosts, peak memory", "MB");
  M8_TRY(scan(context, serial));
  return alternate(
      context,
      [&]() -> Status {
        const ChildUsage one = M8_TRY(scan(context, serial));
        const ChildUsage many = M8_TRY(scan(context, wide));
        wall.ours.add(seconds(one));
        wall.peer.add(ideal_seconds());
        usual.ours.add(seconds(many));
        threads.ours.add(std::max(one.max_threads, many.max_threads));
        memory.ours.add(std::max(megabytes(one), megabytes(many)));
        return {};
      },
      nullptr);
}

/// Addresses 127.100.0.0 and up on a port that was free a moment ago.
Result<Job> dead_job(const Context& context, std::size_t count) {
  Job job = M8_TRY(make_job(context, "dead"));
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
Result<Job> live_job(const Context& context, std::size_t count) {
  Job job = M8_TRY(make_job(context, "live"));
  M8_TRY(write_template(job, "body-word", "/", "{type: word, words: [mmmmmmmm]}"));
  M8_TRY(write_template(job, "body-size", "/?size",
                        fmt::format("{{type: dsl, dsl: ['len(body) == {}']}}", kBodyBytes)));
  M8_TRY(write_template(job, "body-regex", "/?regex", "{type: regex, regex: ['x[0-9]+x']}"));
  M8_TRY(write_template(job, "body-absent", "/?absent", "{type: word, words: [nothere]}"));
  job.findings = 2 * count;
  return job;
}

/// Rate and peak memory of a job; its first scan checks the findings and is not counted.
Status measure_memory(const Context& context, Report& report, const Job& job) {
  Row& rate = report.row(job.name + " hosts", "targets/s");
  Row& memory = report.row(job.name + " hosts, peak memory", "MB", Bar::at_most(kMostMegabytes));
  Row& threads = report.row(job.name + " hosts, threads", "", Bar::at_most(kMostThreads));
  context.progress(job.name + " hosts");
  M8_TRY(scan(context, job));
  return alternate(
      context,
      [&]() -> Status {
        const ChildUsage usage = M8_TRY(scan(context, job));
        rate.ours.add(static_cast<double>(job.target_count) / seconds(usage));
        memory.ours.add(megabytes(usage));
        threads.ours.add(usage.max_threads);
        return {};
      },
      nullptr);
}

Status measure_live(const Context& context, Report& report, std::size_t count) {
  Job job = M8_TRY(live_job(context, count));
  const Lab lab = M8_TRY(start_lab(context, count, {"--body", std::to_string(kBodyBytes)}));
  M8_TRY(write_lab_targets(job, count, lab.port));
  return measure_memory(context, report, job);
}

Result<Report> run(const Context& context) {
  const auto dead = context.flags.number<std::size_t>("dead");
  const auto live = context.flags.number<std::size_t>("live");
  Report report("scan");
  M8_TRY(measure_slow(context, report));
  const Job refused = M8_TRY(dead_job(context, dead));
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
  cli::Flag flag;
  flag.name = name;
  flag.argument = "N";
  flag.initial = initial;
  flag.type = cli::ValueType::number(1, max);
  flag.section = "Scan";
  flag.brief = brief;
  return flag;
}

std::vector<cli::Flag> flags() {
  return {count_flag("dead", "200000", 1'000'000, "targets where nobody listens"),
          count_flag("live", "2000", 10'000, "hosts with large bodies")};
}

}  // namespace

extern const Workload kScan;
const Workload kScan{"scan", "num8 scan on m8 lab: latency, threads, memory", flags, run};

}  // namespace m8::bench
