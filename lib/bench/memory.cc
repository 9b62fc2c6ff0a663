/// `m8 bench memory`: the guides' figures: baseline, a large scan, threads,
/// what is kept.
///
/// num8 runs as a process against `m8 lab`; its peak is VmHWM. Then the engine
/// runs inside this process, where operator new is counted, with two sinks in
/// turn: one that writes each finding as it comes, and the guides' baseline,
/// which keeps all of them and writes at the end.
#include <charconv>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "bench/registry.h"
#include "bench/scan_job.h"
#include "cli/make_flag.h"
#include "http/session.h"
#include "metrics/allocations.h"
#include "model/target_reader.h"
#include "output/format.h"
#include "output/writer.h"
#include "scan/engine.h"

namespace m8::bench {
namespace {

constexpr std::size_t kLargeBody = 1'000'000, kSmallBody = 20'000;
constexpr double kMostBaseline = 50, kMostLarge = 150, kMostTasks = 49;
constexpr std::size_t kLimit = 100u << 20;
/// Of what keeping all takes; the guides ask for 50 to 70 % less.
constexpr double kMostOfKeeping = 0.5;

/// Four templates, each with a request of its own, that find something in every
/// answer.
std::vector<std::string> template_texts() {
  std::vector<std::string> texts;
  for (int i = 0; i < 4; ++i)
    texts.push_back(template_text(fmt::format("body-{}", i), fmt::format("/?{}", i),
                                  "{type: word, words: [mmmmmmmm]}"));
  return texts;
}

Result<ScanJob> finding_job(const Context& context, const char* name, const Lab& lab,
                            std::size_t hosts) {
  ScanJob job = M8_TRY(make_job(context, name));
  const auto texts = template_texts();
  for (std::size_t i = 0; i < texts.size(); ++i)
    M8_TRY(write_file_atomically(fmt::format("{}/{}.yaml", job.templates, i), texts[i]));
  M8_TRY(write_lab_targets(job, hosts, lab.port));
  job.findings = texts.size() * hosts;
  return job;
}

/// Peak and threads of num8 as a process: one target, then many with large
/// bodies, then those again under a limit.
Status measure_processes(const Context& context, Report& report, std::size_t hosts) {
  context.progress("num8 as a process");
  const Lab lab = M8_TRY(start_lab(context, hosts, {"--body", std::to_string(kLargeBody)}));
  const ScanJob one = M8_TRY(finding_job(context, "one", lab, 1));
  const ScanJob large = M8_TRY(finding_job(context, "large", lab, hosts));
  ScanJob limited = large;
  limited.flags = {"--max-memory", std::to_string(kLimit)};
  Row& baseline = report.row("one target, peak", "MB", Bar::at_most(kMostBaseline));
  Row& peak = report.row("large scan, peak", "MB", Bar::at_most(kMostLarge));
  Row& tasks = report.row("large scan, threads", "", Bar::at_most(kMostTasks));
  Row& held = report.row("the same, --max-memory 100M, peak", "MB",
                         Bar::at_most(static_cast<double>(kLimit) / 1e6));
  Row& slower = report.row("the same, time", "s");
  slower.peer_name = "without limit";
  return alternate(
      context,
      [&]() -> Status {
        const ChildUsage first = M8_TRY(run_scan(context, one));
        const ChildUsage many = M8_TRY(run_scan(context, large));
        const ChildUsage few = M8_TRY(run_scan(context, limited));
        baseline.ours.add(megabytes(first));
        peak.ours.add(megabytes(many));
        tasks.ours.add(std::max(many.max_threads, few.max_threads));
        held.ours.add(megabytes(few));
        slower.ours.add(seconds(few));
        slower.peer.add(seconds(many));
        return {};
      },
      nullptr);
}

// ---- inside this process
// ------------------------------------------------------------------------

class NoLookup final : public net::HostLookup {
 public:
  void lookup(const std::string& host, Callback done) override {
    done(Error{ErrorCode::kNotFound, host});
  }
};

/// Gives each finding on, at once or all at the end.
class MeasuredSink final : public model::Sink {
 public:
  MeasuredSink(model::Sink& next, bool keep) : next_(next), keep_(keep) {}
  Status finding(const model::Finding& finding) override {
    ++findings;
    if (!keep_) return next_.finding(finding);
    kept_.push_back(finding);
    return {};
  }
  Status flush() override {
    for (const model::Finding& finding : kept_) M8_TRY(next_.finding(finding));
    return next_.flush();
  }
  std::size_t findings = 0;

 private:
  model::Sink& next_;
  const bool keep_;
  std::vector<model::Finding> kept_;
};

/// Megabytes of VmHWM.
Result<double> peak_megabytes() {
  const std::string status = M8_TRY(read_file("/proc/self/status"));
  const auto at = status.find("VmHWM:");
  if (at == status.npos) return Error{ErrorCode::kUnsupported, "the kernel tells no VmHWM"};
  const auto digits = status.find_first_of("0123456789", at);
  double kilobytes = 0;
  (void)std::from_chars(status.data() + digits, status.data() + status.size(), kilobytes);
  return kilobytes * 1024 / 1e6;
}

/// The peak starts again from what is resident now.
Status forget_peak() {
  const Fd fd(::open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), "5", 1) != 1) return errno_error("/proc/self/clear_refs", errno);
  return {};
}

struct InProcess {
  double peak_growth = 0, allocations = 0;  ///< MB; calls of operator new
  std::size_t findings = 0, requests = 0;
};

Result<scan::Templates> compile_templates(dsl::Services& services) {
  scan::Templates templates;
  for (const std::string& text : template_texts()) {
    const auto document = M8_TRY(templates::read_document(text, {}));
    templates.push_back(M8_TRY(templates::Template::compile(document, {}, services)));
  }
  return templates;
}

/// Scans the targets of \p path within this process, writing findings to
/// nowhere.
Result<InProcess> scan_here(const Context& context, const std::string& path, bool keep) {
  dsl::Services services;
  const auto templates = M8_TRY(compile_templates(services));
  NoLookup lookup;
  const net::Scope scope;
  net::RateLimiter limiter({}, context.clock);
  output::Writer nowhere(M8_TRY(output::make_format("jsonl", {})),
                         M8_TRY(output::Stream::create("/dev/null")));
  MeasuredSink sink(nowhere, keep);
  const protocols::Settings settings;
  const dsl::Variables overrides;
  const auto session = M8_TRY(http::Session::create({}, lookup, scope, limiter, context.clock));
  M8_TRY(forget_peak());
  const double before = M8_TRY(peak_megabytes());
  const metrics::AllocationCounting counting;
  const std::uint64_t asked = metrics::allocations().count;
  scan::Engine engine(templates,
                      {*session, sink, services, settings, overrides, scope, context.clock}, {});
  model::TargetReader reader({{}, {path}, {}, 100'000, {}});
  M8_TRY(engine.run([&](std::stop_token stop) { return reader.next(stop); }, context.stop));
  engine.close();
  InProcess out;
  out.allocations = static_cast<double>(metrics::allocations().count - asked);
  out.peak_growth = M8_TRY(peak_megabytes()) - before;
  out.findings = sink.findings;
  out.requests = session->stats().requests;
  return out;
}

Status measure_here(const Context& context, Report& report, std::size_t hosts) {
  context.progress("the engine inside this process");
  const Lab lab = M8_TRY(start_lab(context, hosts, {"--body", std::to_string(kSmallBody)}));
  const ScanJob job = M8_TRY(finding_job(context, "here", lab, hosts));
  Row& growth = report.row("findings written as they come, peak growth", "MB",
                           Bar::ratio_at_most(kMostOfKeeping));
  growth.peer_name = "all kept to the end";
  Row& per_finding = report.row("allocations per finding", "");
  Row& per_request = report.row("allocations per request", "");
  const auto measured = [&](bool keep) -> Result<InProcess> {
    InProcess one = M8_TRY(scan_here(context, job.targets, keep));
    if (one.findings == job.findings) return one;
    return Error{ErrorCode::kInternal, fmt::format("bench memory: {} findings instead of {}",
                                                   one.findings, job.findings)};
  };
  M8_TRY(measured(false));  // everything lazy is there
  return alternate(
      context,
      [&]() -> Status {
        const InProcess one = M8_TRY(measured(false));
        growth.ours.add(std::max(one.peak_growth, 0.1));
        per_finding.ours.add(one.allocations / static_cast<double>(one.findings));
        per_request.ours.add(one.allocations / static_cast<double>(one.requests));
        return {};
      },
      [&]() -> Status {
        growth.peer.add(M8_TRY(measured(true)).peak_growth);
        return {};
      });
}

Result<Report> run(const Context& context) {
  const auto hosts = context.flags.number<std::size_t>("hosts");
  Report report("memory");
  M8_TRY(measure_here(context, report, hosts));
  M8_TRY(measure_processes(context, report, hosts));
  report.note(
      fmt::format("large scan: {} hosts x 4 requests, answers of {} bytes, all matched and "
                  "written; inside: answers of {} bytes",
                  hosts, kLargeBody, kSmallBody));
  report.note(
      "peak: VmHWM; allocations: calls of operator new, without those "
      "of C libraries");
  return report;
}

std::vector<cli::Flag> flags() {
  return {cli::typed(
      cli::with_default(cli::valued("Scan", "hosts", {}, "N", "hosts that are scanned"), "500"),
      cli::ValueType::number(1, 10'000))};
}

}  // namespace

extern const Workload kMemory;
const Workload kMemory{"memory", "peak memory, threads and allocations of scans", flags, run};

}  // namespace m8::bench
