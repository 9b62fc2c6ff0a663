/// CpuProfile: where this program's processor time goes, and who asks for memory, by stage, as text
/// for flame graphs.
///
/// The kernel interrupts whichever thread runs, a hundred times per second of CPU; the stack there
/// is one sample. Of allocations every 128 KiB of a thread is one. One profile at a time in a
/// process. Costs nothing while the program waits, and some per cent while it works.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "metrics/allocations.h"

namespace m8::metrics {

class CpuProfile {
 public:
  static constexpr int kPerSecond = 100;

  /// Takes SIGPROF and ITIMER_PROF. kExists if a profile is being taken already.
  static Result<std::unique_ptr<CpuProfile>> start();
  /// Stops, and gives the signal back.
  ~CpuProfile();
  CpuProfile(const CpuProfile&) = delete;
  CpuProfile& operator=(const CpuProfile&) = delete;

  /// Stops the samples. Idempotent.
  void stop();
  /// Lines "PROGRAM;STAGE;FUNCTION;...;FUNCTION COUNT", the outermost function first, as
  /// flamegraph.pl, speedscope and inferno read them; the stage is the room of the innermost
  /// function of ours ("http", "match"), or "other". Sorted. Stops first.
  std::string folded(const std::string& program);
  /// The same of memory that was asked for; COUNT is bytes, about.
  std::string folded_allocations(const std::string& program);
  /// Samples of time taken, and those of both kinds that came faster than they could be kept. After
  /// stop().
  std::uint64_t samples() const { return samples_; }
  std::uint64_t lost() const;
  /// What was asked for while the profile was taken, all of it. After stop().
  const Allocations& asked_for() const { return asked_for_; }

 private:
  using Stack = std::vector<void*>;               ///< the innermost first
  using Stacks = std::map<Stack, std::uint64_t>;  ///< and what each weighs

  CpuProfile();
  void collect();

  Stacks times_, allocated_;  ///< of the collecting thread until it ended
  std::uint64_t samples_ = 0;
  Allocations asked_for_;
  std::optional<AllocationCounting> counting_;
  bool stopped_ = false;
  std::jthread collector_;
};

}  // namespace m8::metrics
