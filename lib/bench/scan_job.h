/// What the benchmarks of `num8 scan` share: its targets and templates, the
/// lab, and a scan whose findings are checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/bench.h"

namespace m8::bench {

/// What one scan works on, and the findings it must produce.
struct ScanJob {
  static constexpr std::size_t kAnyFindings = static_cast<std::size_t>(-1);

  std::string name, templates, targets;  ///< paths
  std::size_t target_count = 0, findings = 0;
  std::vector<std::string> flags;
  std::vector<std::string> prefix;  ///< a program that starts num8
};

/// What one scan cost, and what it says of itself.
struct ScanCounts {
  ChildUsage usage;
  std::uint64_t requests = 0, connections = 0, reused = 0;
  std::uint64_t errors = 0;  ///< requests without an answer
};

/// A job with a folder for its templates, still empty. kIo.
Result<ScanJob> make_job(const Context& context, std::string name);
/// A template with one GET and one matcher.
std::string template_text(std::string_view id, std::string_view path, std::string_view matcher);
Status write_template(const ScanJob& job, std::string_view id, std::string_view path,
                      std::string_view matcher);

/// m8 lab, ended with the guard.
struct Lab {
  Child child;
  std::uint16_t port = 0;
};
/// Starts `m8 lab` with so many hosts beside its own, and with \p faults as
/// further arguments.
Result<Lab> start_lab(const Context& context, std::size_t hosts, std::vector<std::string> faults);
/// The hosts that `m8 lab --hosts` adds: not every address of their network is
/// one.
Status write_lab_targets(ScanJob& job, std::size_t count, std::uint16_t port);

/// Scans and fails unless it did every target and wrote exactly the findings
/// expected.
Result<ScanCounts> run_counted_scan(const Context& context, const ScanJob& job);
Result<ChildUsage> run_scan(const Context& context, const ScanJob& job);
/// The same up to the first request: reads templates and targets.
Result<ChildUsage> run_dry(const Context& context, const ScanJob& job);

double megabytes(const ChildUsage& usage);  ///< its peak
double seconds(const ChildUsage& usage);

}  // namespace m8::bench
