#include "bench/scan_job.h"

#include <cstdio>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "lab/hosts.h"

namespace m8::bench {
namespace {

constexpr auto kTimeout = std::chrono::seconds(600);
constexpr auto kReadyTimeout = std::chrono::seconds(30);

Status make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return {};
  return errno_error("make " + path, errno);
}

/// What a scan says in the record of --summary.
struct Summary {
  std::size_t targets = 0;
  ScanCounts counts;
};

Result<Summary> read_summary(const std::string& path) {
  const std::string text = M8_TRY(read_file(path));
  const auto record = M8_TRY(json::parse(text));
  const json::Value* counts = record.find("counts");
  if (counts == nullptr) return Error{ErrorCode::kInternal, "num8: no counts in its summary"};
  const auto count = [counts](std::string_view name) -> std::uint64_t {
    const json::Value* value = counts->find(name);
    return value ? static_cast<std::uint64_t>(value->as_int()) : 0;
  };
  Summary summary;
  summary.targets = count("targets.done");
  summary.counts.requests = count("requests");
  summary.counts.connections = count("connections");
  summary.counts.reused = count("connections.reused");
  for (const auto& [name, value] : counts->members())
    if (name.starts_with("errors."))
      summary.counts.errors += static_cast<std::uint64_t>(value.as_int());
  return summary;
}

Result<ChildOptions> scan_command(const Context& context, const ScanJob& job) {
  ChildOptions options;
  const std::string num8 = M8_TRY(context.own_program("num8"));
  options.arguments = job.prefix;
  options.arguments.insert(options.arguments.end(), {num8, "scan", "-q", "-j", "--no-store", "-rl",
                                                     "0", "-t", job.templates, "-l", "-"});
  options.arguments.insert(options.arguments.end(), job.flags.begin(), job.flags.end());
  options.input = ChildStream::file(job.targets);
  options.errors = ChildStream::file(context.temp_directory + "/errors");
  return options;
}

}  // namespace

std::string template_text(std::string_view id, std::string_view path, std::string_view matcher) {
  return fmt::format(
      "id: {}\ninfo:\n  name: {}\n  author: bench\n  severity: info\nhttp:\n  "
      "- method: GET\n"
      "    path:\n      - \"{{{{BaseURL}}}}{}\"\n    matchers:\n      - {}\n",
      id, id, path, matcher);
}

Result<ScanJob> make_job(const Context& context, std::string name) {
  ScanJob job;
  job.templates = fmt::format("{}/{}-templates", context.temp_directory, name);
  job.targets = fmt::format("{}/{}-targets", context.temp_directory, name);
  job.name = std::move(name);
  M8_TRY(make_directory(job.templates));
  return job;
}

Status write_template(const ScanJob& job, std::string_view id, std::string_view path,
                      std::string_view matcher) {
  return write_file_atomically(fmt::format("{}/{}.yaml", job.templates, id),
                               template_text(id, path, matcher));
}

Status write_lab_targets(ScanJob& job, std::size_t count, std::uint16_t port) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    const auto address = lab::extra_host_address(i).to_string();
    fmt::format_to(std::back_inserter(text), "http://{}:{}\n", address, port);
  }
  job.target_count = count;
  return write_file_atomically(job.targets, text);
}

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

Result<ScanCounts> run_counted_scan(const Context& context, const ScanJob& job) {
  const std::string out = context.temp_directory + "/findings";
  const std::string summary = context.temp_directory + "/summary";
  ChildOptions options = M8_TRY(scan_command(context, job));
  options.arguments.insert(options.arguments.end(), {"--summary", summary});
  options.output = ChildStream::file(out);
  const ChildUsage usage = M8_TRY(run_checked(context, options, kTimeout));
  std::size_t findings = 0;
  LineReader lines = M8_TRY(LineReader::open(out));
  while (M8_TRY(lines.next(context.stop))) ++findings;
  Summary done = M8_TRY(read_summary(summary));
  done.counts.usage = usage;
  const bool as_expected = job.findings == ScanJob::kAnyFindings || findings == job.findings;
  if (as_expected && done.targets == job.target_count) return done.counts;
  return Error{ErrorCode::kInternal,
               fmt::format("bench scan: {}: {} findings instead of {}, {} targets instead of {}",
                           job.name, findings, job.findings, done.targets, job.target_count)};
}

Result<ChildUsage> run_scan(const Context& context, const ScanJob& job) {
  return M8_TRY(run_counted_scan(context, job)).usage;
}

Result<ChildUsage> run_dry(const Context& context, const ScanJob& job) {
  ChildOptions options = M8_TRY(scan_command(context, job));
  options.arguments.push_back("--dry-run");
  options.output = ChildStream::file(context.temp_directory + "/plan");
  return run_checked(context, options, kTimeout);
}

double megabytes(const ChildUsage& usage) {
  return static_cast<double>(usage.peak_rss_bytes) / 1e6;
}

double seconds(const ChildUsage& usage) {
  return std::chrono::duration<double>(usage.wall).count();
}

}  // namespace m8::bench
