/// KnownNames: what is known of the domains from earlier runs, asked again, so that what is gone
/// and what has returned is learned.
///
/// A name is gone when it was denied twice (NXDOMAIN, no records, or an alias that leads nowhere):
/// one answer may be a resolver's lie. A name without an answer stays what it was.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "enumerate/candidate_source.h"
#include "model/inventory.h"
#include "model/sink.h"
#include "net/name.h"

namespace m8::enumerate {

class KnownNames final : public CandidateSource {
 public:
  /// \p apexes: the engine's domains, in its order. What is gone is written to \p sink as a record
  /// that is not live. All borrowed but \p apexes.
  KnownNames(std::vector<net::Name> apexes, model::Inventory& inventory, model::Sink& sink,
             Clock& clock)
      : apexes_(std::move(apexes)), inventory_(inventory), sink_(sink), clock_(clock) {}

  /// Errors of the inventory.
  Result<Next> next(Candidate& candidate) override;
  void finished(const Candidate& candidate, Verdict verdict) override;

  std::uint64_t asked() const { return asked_; }  ///< names, however often
  std::uint64_t gone() const { return gone_; }
  /// The first record of the sink that was not kept, if any.
  const Status& sink_status() const { return sink_status_; }

 private:
  struct Name {
    std::size_t apex = 0;
    std::string source;  ///< the first that is known of it: asking again is none of its own
    bool live = true;
    int denials = 0;
  };
  using Names = std::unordered_map<std::string, Name, SeededHash, std::equal_to<>>;

  /// False once all are read.
  Result<bool> read_page();
  void give(const std::string& name, const Name& known, Candidate& candidate);
  void denied(Names::iterator name);

  const std::vector<net::Name> apexes_;
  model::Inventory& inventory_;
  model::Sink& sink_;
  Clock& clock_;
  std::size_t apex_ = 0;  ///< whose names are being read
  std::string after_;
  std::deque<model::Hostname> page_;
  Names under_way_;
  std::deque<std::string> again_;  ///< denied once
  std::uint64_t asked_ = 0, gone_ = 0;
  Status sink_status_;
};

}  // namespace m8::enumerate
