/// Learned: names that answers name, whatever the answers are: aliases, mail servers, name servers,
/// SPF records, certificates, redirects. On their way to the engine.
///
/// offer() and holds from any thread, and neither ever waits; the rest on the engine's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "enumerate/candidate_source.h"
#include "net/name.h"

namespace m8::enumerate {

class Learned final : public CandidateSource {
 public:
  /// \p apexes: the engine's domains, in its order. \p most: names that may wait; what is offered
  /// beyond is dropped and counted.
  explicit Learned(const std::vector<net::Name>& apexes, std::size_t most = 1'000'000)
      : apexes_(apexes), most_(most) {}

  /// Gives \p name (any text: what is no host name inside a domain is dropped; "*." in front is
  /// taken off), seen by \p origin, which becomes one of its sources: "axfr", "nsec", "srv",
  /// "learn", "tls". True if it is taken: it is new from this origin.
  bool offer(std::string_view name, std::string_view origin);

  /// While one of these lives, names may still be offered, and the engine does not end: whoever
  /// looks at finds for names (a prober) keeps one for as long as it is at it.
  class Hold {
   public:
    Hold(Hold&& other) noexcept : learned_(std::exchange(other.learned_, nullptr)) {}
    ~Hold() {
      if (learned_ != nullptr) learned_->release();
    }

   private:
    friend class Learned;
    explicit Hold(Learned& learned) : learned_(&learned) {}
    Learned* learned_;
  };
  Hold hold();

  Result<Next> next(Candidate& candidate) override;
  void on_more(std::function<void()> wake) override;
  void forget_wake() override { on_more({}); }

  /// Names taken, by origin.
  std::map<std::string, std::uint64_t> taken() const;
  std::uint64_t dropped() const { return dropped_; }

 private:
  void release();

  const ApexIndex apexes_;
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::deque<Candidate> waiting_;           ///< guarded by mutex_, as all that follows
  std::unordered_set<std::uint64_t> seen_;  ///< hashes of (origin, name)
  std::map<std::string, std::uint64_t> taken_;
  std::size_t holds_ = 0;
  std::function<void()> wake_;
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace m8::enumerate
