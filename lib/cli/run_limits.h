/// RunLimits: what ends a run before its work is done: a signal, the deadline, want of memory. The
/// run gets one stop token for all of them, and is told which it was.
///
/// One thread of its own, only if there is a deadline or a memory limit.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/memory.h"
#include "base/result.h"
#include "cli/flag.h"
#include "cli/signals.h"

namespace m8::cli {

/// --deadline and --max-memory.
std::vector<Flag> run_limit_flags();

/// When \p text says: "90s", "2h30m" from now, or a time of day in RFC 3339
/// ("2026-11-28T02:00:00Z", without a zone local). kInvalidArgument; also for a time that is past.
Result<SteadyTime> parse_deadline(std::string_view text, Clock& clock);

class RunLimits {
 public:
  enum class End {
    kNone,
    kSignal,
    kDeadline,
    kMemory,
    kOther,  ///< somebody else asked stop_source() to stop
  };

  /// Reads the flags. \p signals and \p clock are borrowed. kInvalidArgument names the flag.
  static Result<std::unique_ptr<RunLimits>> create(const Values& flags, const Signals& signals,
                                                   Clock& clock);
  ~RunLimits();
  RunLimits(const RunLimits&) = delete;

  std::stop_token token() const { return stop_.get_token(); }
  /// For further reasons to stop.
  std::stop_source& stop_source() { return stop_; }
  /// The first reason to stop.
  End end() const;
  /// Whether the run was cut short by a limit, and so is incomplete.
  bool reached() const { return end() == End::kDeadline || end() == End::kMemory; }
  /// "deadline reached: 3 of 12 targets not done"; also for memory. REQUIRES: reached().
  std::string text(std::uint64_t not_done, std::uint64_t all, std::string_view what) const;
  /// Never null; without --max-memory it grants everything.
  MemoryGovernor& memory() { return memory_; }

 private:
  RunLimits(std::optional<SteadyTime> deadline, std::uint64_t memory, Clock& clock);
  void watch(std::stop_token stop);
  void stop(End reason);

  const std::optional<SteadyTime> deadline_;
  Clock& clock_;
  MemoryGovernor memory_;
  std::atomic<End> end_{End::kNone};
  std::stop_source stop_;
  std::optional<std::stop_callback<std::function<void()>>> on_signal_;
  std::jthread watcher_;
};

}  // namespace m8::cli
