/// Benchmarks: what a workload is given, and what it reports.
///
/// A workload checks its answer before it is timed, repeats (at least five times for a figure that
/// counts), runs its peer alternately with ours in the same run, and compares medians. One thread
/// runs a workload; what it starts is its own business.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/subprocess.h"
#include "cli/flag.h"

namespace m8::bench {

/// Values of one metric, one per repeat, in the order in which they were measured.
class Series {
 public:
  void add(double value) { values_.push_back(value); }
  bool empty() const { return values_.empty(); }
  const std::vector<double>& values() const { return values_; }
  /// 0 if empty; of an even number the mean of the middle two.
  double median() const;
  double min() const;
  double max() const;
  /// (max - min) / median; 0 if the median is 0.
  double spread() const;

 private:
  std::vector<double> values_;
};

/// What a figure has to reach.
struct Bar {
  enum class Kind { kAtLeast, kAtMost };
  enum class Of { kRatio, kOurs };
  Kind kind = Kind::kAtLeast;
  double limit = 0;
  Of of = Of::kRatio;

  static Bar ratio_at_least(double limit) { return {Kind::kAtLeast, limit, Of::kRatio}; }
  static Bar ratio_at_most(double limit) { return {Kind::kAtMost, limit, Of::kRatio}; }
  static Bar at_least(double limit) { return {Kind::kAtLeast, limit, Of::kOurs}; }
  static Bar at_most(double limit) { return {Kind::kAtMost, limit, Of::kOurs}; }
  bool holds(double value) const;
  std::string to_string() const;  ///< "ratio >= 0.4", "<= 150"
};

/// One metric of a report.
struct Row {
  std::string metric;     ///< "throughput", "CPU per name", "peak memory"
  std::string unit;       ///< "names/s", "us", "MB"
  Series ours;            ///< never empty in a finished report
  std::string peer_name;  ///< "dnsperf 2.10"; empty without a peer
  Series peer;
  std::optional<Bar> bar;

  /// Median of ours over median of the peer's; empty without a peer.
  std::optional<double> ratio() const;
  /// Empty without a bar; false also if the bar is on a ratio and there is no peer.
  std::optional<bool> passed() const;
};

/// What one run of a workload found.
class Report {
 public:
  explicit Report(std::string workload) : workload_(std::move(workload)) {}

  /// A new row; the reference stays good while the report is not moved.
  Row& row(std::string metric, std::string unit, std::optional<Bar> bar = {});
  /// A sentence that belongs to the figures: set-up, what was checked, why a peer is missing.
  void note(std::string text) { notes_.push_back(std::move(text)); }

  const std::string& workload() const { return workload_; }
  const std::deque<Row>& rows() const { return rows_; }
  const std::vector<std::string>& notes() const { return notes_; }
  /// False if a bar was missed.
  bool passed() const;
  /// A table for people, with the machine above it.
  std::string to_text() const;
  /// One line of JSON: the machine, rows with every value, notes.
  std::string to_json() const;

 private:
  std::string workload_;
  std::deque<Row> rows_;
  std::vector<std::string> notes_;
};

/// The machine and the build under measurement, each value a short text.
struct Machine {
  std::string cpu;     ///< "AMD EPYC 7B13"
  int cores = 0;       ///< online
  std::string kernel;  ///< "Linux 6.1.0"
  static Machine read();
};

/// What a workload is given. Everything is borrowed for the call.
struct Context {
  const cli::Values& flags;  ///< bench_flags() and the workload's own
  int repeats = 5;
  std::string search_path;                           ///< where peers are looked for, as in PATH
  std::string own_directory;                         ///< where asmm8, num8 and m8 lie
  std::string temp_directory;                        ///< removed after the run
  std::function<void(const std::string&)> progress;  ///< one line for people; never null
  Clock& clock;
  std::stop_token stop;

  /// Path of asmm8, num8 or m8 beside this program. kNotFound.
  Result<std::string> own_program(std::string_view name) const;
  /// Path of a peer; kNotFound says which package has it ("apt install dnsperf").
  Result<std::string> peer_program(std::string_view name, std::string_view package) const;
};

/// Runs \p ours and \p peer context.repeats times in turn, so that both see the same machine.
/// \p peer may be null. The first error ends it; kCancelled once stopped.
Status alternate(const Context& context, const std::function<Status()>& ours,
                 const std::function<Status()>& peer);

/// run_child() that turns a non-zero exit code into kInternal with the last line it wrote to
/// \p options.errors if that is a file.
Result<ChildUsage> run_checked(const Context& context, const ChildOptions& options,
                               std::chrono::milliseconds timeout);

/// Waits until \p path is there (a server's ready file). kTimeout, kCancelled, kInternal if
/// \p server ended before.
Status wait_for_file(const Context& context, const std::string& path, const Child& server,
                     std::chrono::milliseconds timeout);

}  // namespace m8::bench
