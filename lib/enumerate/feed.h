/// Feed: names that other threads find, such as passive sources, on their way to the engine.
///
/// Bounded: a producer waits while the engine is behind. push() and close() from any thread; the
/// rest on the engine's.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/memory.h"
#include "enumerate/candidate_source.h"
#include "net/name.h"

namespace m8::enumerate {

class Feed final : public CandidateSource {
 public:
  enum class Pushed : std::uint8_t {
    kTaken,
    kKnown,    ///< this source gave the name before: dropped
    kOutside,  ///< inside none of the domains: dropped
    kClosed,   ///< closed or stopped: dropped, as what follows will be
  };

  /// \p apexes: the engine's domains, in its order. \p capacity: names that wait, at least 1.
  /// While \p memory (borrowed; null: no limit) is tight, 16 at most.
  explicit Feed(std::vector<net::Name> apexes, std::size_t capacity = 4096,
                const MemoryGovernor* memory = nullptr);

  /// Gives \p name, found by \p source (its provenance), to the engine; waits for room. \p guess as
  /// in Candidate. A name belongs to the longest domain that it is inside of.
  Pushed push(const net::Name& name, std::string_view source, std::stop_token stop,
              bool guess = false);
  /// No more names: the engine ends once it has what was pushed. Idempotent.
  void close();

  Result<Next> next(Candidate& candidate) override;
  void on_more(std::function<void()> wake) override;
  void forget_wake() override { on_more({}); }

 private:
  const ApexIndex apexes_;
  std::size_t capacity() const;

  const std::size_t capacity_;
  const MemoryGovernor* const memory_;
  std::mutex mutex_;
  std::condition_variable_any room_;
  std::deque<Candidate> waiting_;           ///< guarded by mutex_, as all that follows
  std::unordered_set<std::uint64_t> seen_;  ///< hashes of (source, name)
  bool closed_ = false;
  std::function<void()> wake_;
};

}  // namespace m8::enumerate
