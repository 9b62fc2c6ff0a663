/// CpuProfile: where this program's processor time goes, by stage, as text for a flame graph.
///
/// The kernel interrupts whichever thread runs, a hundred times per second of CPU; the stack there
/// is one sample. One profile at a time in a process. Costs nothing while the program waits, and
/// about 1 % while it works.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"

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
  /// Samples taken, and those that came faster than they could be kept. After stop().
  std::uint64_t samples() const { return samples_; }
  std::uint64_t lost() const;

 private:
  using Stack = std::vector<void*>;  ///< the innermost first

  CpuProfile() = default;
  void collect();

  std::map<Stack, std::uint64_t> stacks_;  ///< of the collecting thread until it ended
  std::uint64_t samples_ = 0;
  bool stopped_ = false;
  std::jthread collector_;
};

}  // namespace m8::metrics
