/// Engine: tries candidate names, proves them, and writes those that hold to a sink, as it goes.
///
/// A name is confirmed when it has an address, and one or an alias on the way to it that the
/// wildcard of its zone would not have given it. Each zone (the name without its first label, at
/// any depth) is tested once, with names that nobody made, and only when the first candidate below
/// it answers. Memory is bounded by the names under way, the names confirmed and the zones tested.
/// One thread: the caller of run().
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "dns/answer.h"
#include "dns/resolver.h"
#include "enumerate/candidate_source.h"
#include "enumerate/wildcard.h"
#include "model/sink.h"
#include "net/name.h"
#include "net/poller.h"
#include "net/scope.h"

namespace m8::enumerate {

/// Written by run()'s thread, read by any.
struct Counts {
  std::atomic<std::uint64_t> tried{0};         ///< names finished, whatever became of them
  std::atomic<std::uint64_t> found{0};         ///< confirmed and given to the sink
  std::atomic<std::uint64_t> repeated{0};      ///< confirmed before: sources repeat each other
  std::atomic<std::uint64_t> denied{0};        ///< NXDOMAIN
  std::atomic<std::uint64_t> empty{0};         ///< exist, without address and alias
  std::atomic<std::uint64_t> dangling{0};      ///< aliases that lead to no address: outcomes too
  std::atomic<std::uint64_t> wildcard{0};      ///< answered by a wildcard: proves nothing
  std::atomic<std::uint64_t> failed{0};        ///< no answer: each goes to the sink as an outcome
  std::atomic<std::uint64_t> out_of_scope{0};  ///< never asked for
  std::atomic<std::uint64_t> dead_apex{0};     ///< not asked for, because the domain does not exist
  std::atomic<std::uint64_t> sink_errors{0};   ///< records that the sink did not keep
};

struct EngineOptions {
  dns::ResolverOptions resolver;
  std::vector<net::Name> apexes;  ///< the domains, canonical, once each; tried before candidates
};

class Engine final : dns::Resolver::Client {
 public:
  /// Everything but \p options is borrowed; \p candidates until the engine is gone. Errors of
  /// Resolver::create().
  static Result<std::unique_ptr<Engine>> create(EngineOptions options, CandidateSource& candidates,
                                                const net::Scope& scope, model::Sink& sink,
                                                Clock& clock);
  ~Engine() override { candidates_.forget_wake(); }

  /// Returns when every candidate was tried. Stopped, it starts no more names, waits for those
  /// under way and returns kCancelled. kNetwork if no resolver answers; the first error of a
  /// source. What was found is in the sink in any case.
  Status run(std::stop_token stop);

  const Counts& counts() const { return counts_; }
  const dns::Resolver::Counts& queries() const { return resolver_->counts(); }
  /// The first error of the sink, if any.
  const Status& sink_status() const { return sink_status_; }

 private:
  using Index = std::uint32_t;

  /// A name under way.
  struct Job {
    Candidate candidate;
    dns::AnswerValues values;
    dns::RrType type = dns::RrType::kA;  ///< asked now
    std::string resolver;
    bool weighed = false;  ///< the wildcard was asked again because of its records
  };
  /// A name below which candidates were found, and what its wildcard gives.
  struct Zone {
    WildcardAnswers wildcard;
    int controls = 0;  ///< finished
    int quiet = 0;     ///< the last so many of them taught nothing new
    int lessons = 0;   ///< so many did
    bool asking = false;
    std::string control;  ///< the name being asked
    dns::AnswerValues values;
    dns::RrType type = dns::RrType::kA;
    std::vector<Index> waiting;

    /// What the wildcard gives, if there is one, is known as well as it will be.
    bool settled() const;
  };
  using Zones = std::unordered_map<std::string, Zone, SeededHash, std::equal_to<>>;

  Engine(EngineOptions options, const net::Scope& scope, model::Sink& sink, Clock& clock,
         net::Poller poller);
  void make_jobs(std::size_t count);
  void room() override;
  void replied(const dns::Reply& reply) override;
  void ask_pending();
  bool pull(Candidate& candidate);
  bool next_apex(Candidate& candidate);
  bool wanted(const Candidate& candidate);
  bool nothing_under_way() const { return free_.size() == jobs_.size(); }
  void job_replied(Index index, const dns::Reply& reply);
  void answers_complete(Index index);
  void judge(Index index);
  void control_replied(Index token, const dns::Reply& reply);
  void start_control(Zones::value_type& entry);
  Zones::value_type& zone_of(const std::string& name);
  void forget_zones();
  /// Writes the record, once for each name, and ends the job.
  void confirm(Index index);
  void fail(Index index, const char* reason);
  void finish(Index index, Verdict verdict);
  std::atomic<std::uint64_t>& counter_of(Verdict verdict);
  void keep(const Status& status);

  const EngineOptions options_;
  Merge candidates_;
  std::size_t next_apex_ = 0;
  const net::Scope& scope_;
  model::Sink& sink_;
  Clock& clock_;
  net::Poller poller_;
  std::unique_ptr<dns::Resolver> resolver_;
  std::vector<Job> jobs_;
  std::vector<Index> free_;
  std::vector<bool> dead_apex_;
  Zones zones_;
  /// By name, the sources that gave it.
  std::unordered_map<std::string, std::vector<std::string>, SeededHash, std::equal_to<>> confirmed_;
  std::vector<Zones::value_type*> controls_;  ///< zones by control token; null when it is done
  std::vector<Index> free_controls_;
  std::deque<std::uint64_t> pending_;  ///< tokens of questions that wait for room
  bool ended_ = false;
  Status source_status_, sink_status_;
  Counts counts_;
};

}  // namespace m8::enumerate
