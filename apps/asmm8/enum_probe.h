/// EnumProbe: --probe of asmm8 enum. Names are asked over HTTP as they are proven, ties with the
/// wildcard are broken by what is shown, and what is seen goes into the record.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "cli/flag.h"
#include "dns/resolver.h"
#include "enumerate/candidate_source.h"
#include "enumerate/learned.h"
#include "model/run.h"
#include "model/sink.h"
#include "net/scope.h"
#include "probe/name_prober.h"
#include "probe_world.h"

namespace m8::asmm8 {

/// --probe and what belongs to it.
std::vector<cli::Flag> enum_probe_flags();
/// A line for --dry-run: what would be asked, at which pace; empty without --probe.
/// kInvalidArgument for ports that are none.
Result<std::string> enum_probe_plan(const cli::Values& flags);

/// A sink between the engine and the outputs, and a source between the stages and the engine. Until
/// start() both only pass on.
class EnumProbe final : public model::Sink, public enumerate::CandidateSource {
 public:
  /// \p next gets what leaves; \p candidates are the engine's. Both are borrowed.
  EnumProbe(model::Sink& next, enumerate::CandidateSource& candidates)
      : next_(next), candidates_(candidates) {}
  ~EnumProbe() override;

  /// What a run has; all is borrowed.
  struct Surroundings {
    const dns::ResolverOptions& resolver;
    const net::Scope& scope;
    model::Sink* endpoints;       ///< gets live endpoints; null for nobody
    enumerate::Learned* learned;  ///< gets the names that answers mention; null for nobody
  };
  /// With --probe: everything that it needs. kInvalidArgument, errors of files and resolvers.
  Status start(const cli::Values& flags, const Surroundings& around, Clock& clock);
  bool on() const { return prober_ != nullptr; }
  /// After the engine: waits for what is still asked. kCancelled, with the rest given on unasked;
  /// the first error of the sinks.
  Status finish(std::stop_token stop);
  void count(model::Run& run) const;

  // ---- the sink
  Status hostname(const model::Hostname& record) override;
  Status endpoint(const model::Endpoint& record) override { return next_.endpoint(record); }
  Status finding(const model::Finding& record) override { return next_.finding(record); }
  Status outcome(const model::Outcome& record) override { return next_.outcome(record); }
  Status flush() override { return next_.flush(); }

  // ---- the source: nothing new while too many names wait; a name is finished once it was asked
  Result<Next> next(enumerate::Candidate& candidate) override;
  void on_more(std::function<void()> wake) override;
  void forget_wake() override;
  void found(const enumerate::Candidate& candidate, const model::Hostname& record) override {
    candidates_.found(candidate, record);
  }
  void finished(const enumerate::Candidate& candidate, enumerate::Verdict verdict) override;
  void answered(const enumerate::Candidate& candidate, const dns::Reply* reply) override {
    candidates_.answered(candidate, reply);
  }

 private:
  using Finished = std::vector<std::pair<enumerate::Candidate, enumerate::Verdict>>;
  void tell_finished();
  void left();

  model::Sink& next_;
  enumerate::CandidateSource& candidates_;
  std::unique_ptr<ProbeWorld> world_;
  std::unique_ptr<probe::NameProber> prober_;
  Guarded<std::function<void()>> wake_;
  Guarded<Finished> finished_;
  std::atomic<bool> some_finished_{false};
};

}  // namespace m8::asmm8
