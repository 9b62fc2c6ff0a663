/// Engine: tries candidate names, proves them, and writes those that hold to a sink, as it goes.
///
/// A name is confirmed when it has an address and is proven: by an address or alias that the
/// wildcard of its zone would not have given it, or because the wildcard does not reach below it
/// (enumerate/wildcard.h). Each zone (the name without its first label, at any depth) is tested
/// once, with names that nobody made, and only when the first candidate below it answers. What
/// lies below a name that does not exist is not asked for (RFC 8020). Of several resolvers that
/// nobody vouches for two have to know a name, as long as there are two that live. Memory is
/// bounded by the names under way, the names confirmed and the zones tested. One thread: the caller
/// of run().
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
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
  std::atomic<std::uint64_t> tried{0};           ///< names finished, whatever became of them
  std::atomic<std::uint64_t> found{0};           ///< confirmed and given to the sink
  std::atomic<std::uint64_t> repeated{0};        ///< confirmed before: sources repeat each other
  std::atomic<std::uint64_t> denied{0};          ///< NXDOMAIN
  std::atomic<std::uint64_t> empty{0};           ///< exist, without address and alias
  std::atomic<std::uint64_t> shared{0};          ///< of the found: with the wildcard's own records
  std::atomic<std::uint64_t> dangling{0};        ///< aliases that lead to no address: outcomes too
  std::atomic<std::uint64_t> wildcard{0};        ///< answered by a wildcard: proves nothing
  std::atomic<std::uint64_t> failed{0};          ///< no answer: each goes to the sink as an outcome
  std::atomic<std::uint64_t> failed_apexes{0};   ///< of the failed: the domains themselves
  std::atomic<std::uint64_t> dead_apexes{0};     ///< of those: do not exist
  std::atomic<std::uint64_t> wildcard_zones{0};  ///< each goes to the sink as an outcome
  std::atomic<std::uint64_t> out_of_scope{0};    ///< never asked for
  std::atomic<std::uint64_t> dead_apex{0};     ///< not asked for, because the domain does not exist
  std::atomic<std::uint64_t> contradicted{0};  ///< of the denied: one resolver alone knew them
  std::atomic<std::uint64_t> questions{0};     ///< asked for a type only; not among those tried
  std::atomic<std::uint64_t> sink_errors{0};   ///< records that the sink did not keep
};

struct EngineOptions {
  dns::ResolverOptions resolver;
  std::vector<net::Name> apexes;  ///< the domains, canonical, once each; tried before candidates
  /// Drop names that have only the records of their zone's wildcard, also those proven to exist.
  bool strict_wildcard = false;
  /// The sink breaks ties: what DNS can't tell from a wildcard goes to it, with Hostname::tie set,
  /// and counts as answered by a wildcard.
  bool ties_to_sink = false;
  /// After a stop, the names under way may take so long to end by themselves.
  std::chrono::milliseconds stop_grace{2000};
  /// While it is tight, names are tried one at a time; null: no limit.
  const MemoryGovernor* memory = nullptr;
};

class Engine final : dns::Resolver::Client {
 public:
  /// Everything but \p options is borrowed; \p candidates until the engine is gone. Errors of
  /// Resolver::create().
  static Result<std::unique_ptr<Engine>> create(EngineOptions options, CandidateSource& candidates,
                                                const net::Scope& scope, model::Sink& sink,
                                                Clock& clock);
  ~Engine() override { candidates_.forget_wake(); }

  /// Returns when every candidate was tried. Stopped, it starts no more names, waits a little for
  /// those under way and returns kCancelled. kNetwork if no resolver answers; the first error of a
  /// source. What was found is in the sink in any case.
  Status run(std::stop_token stop);

  /// \p record was found and written in an earlier session of this run: it is not written again,
  /// and the sources hear of it. Before run().
  void remember(const model::Hostname& record);

  const Counts& counts() const { return counts_; }
  /// Names that were begun and are not finished. Not while run() runs.
  std::uint64_t under_way() const { return jobs_.size() - free_.size(); }
  const dns::Resolver::Counts& queries() const { return resolver_->counts(); }
  /// The first error of the sink, if any.
  const Status& sink_status() const { return sink_status_; }

 private:
  using Index = std::uint32_t;

  /// What a random label below a candidate was answered.
  enum class Below : std::uint8_t {
    kNotAsked,
    kDenied,
    kLikeAny,   ///< with what the zone's wildcard gives
    kAnswered,  ///< otherwise
  };
  enum class Proof : std::uint8_t {
    kNone,
    kOwnRecords,  ///< records that no wildcard gave, or no wildcard at all
    kShared,      ///< it exists, with the wildcard's records
  };

  /// A name under way.
  struct Job {
    Candidate candidate;
    dns::AnswerValues values;
    dns::RrType type = dns::RrType::kA;  ///< asked now, or last
    std::string resolver;
    bool complete = false;   ///< no more types to ask for
    bool below_now = false;  ///< the question under way is the one below the name
    bool weighed = false;    ///< the wildcard was asked again because of its records
    Below below = Below::kNotAsked;
    int denials = 0;  ///< below it
    Proof proof = Proof::kNone;
    std::optional<dns::Rcode> failure;  ///< instead of records
    bool opinion_now = false;           ///< the question under way is for another resolver's word
    int opinions_lost = 0;              ///< no answer came
    std::uint16_t giver = dns::ResolverPool::kNone;   ///< who gave its records
    std::uint16_t denier = dns::ResolverPool::kNone;  ///< who denied them first

    /// Takes \p next, and gives the old candidate's memory for it.
    void restart(Candidate& next);
  };
  /// A name below which candidates were found, and what its wildcard gives.
  struct Zone {
    WildcardVerdict verdict;
    bool asking = false;
    bool told = false;    ///< its wildcard went to the sink
    std::string control;  ///< the name being asked
    WildcardVerdict::Label label = WildcardVerdict::Label::kRandom;  ///< of it
    dns::AnswerValues values;
    dns::RrType type = dns::RrType::kA;
    std::vector<Index> waiting;
  };
  using Zones = std::unordered_map<std::string, Zone, SeededHash, std::equal_to<>>;

  Engine(EngineOptions options, const net::Scope& scope, model::Sink& sink, Clock& clock,
         net::Poller poller);
  void make_jobs(std::size_t count);
  void room() override;
  void replied(const dns::Reply& reply) override;
  void ask_pending();
  void ask_opinions();
  bool pull(Candidate& candidate);
  bool next_apex(Candidate& candidate);
  bool wanted(const Candidate& candidate);
  bool nothing_under_way() const { return free_.size() == jobs_.size(); }
  void job_replied(Index index, const dns::Reply& reply);
  /// The answer to a candidate that is a question; null for none.
  void question_ended(Index index, const dns::Reply* reply);
  /// Whether another resolver's word is wanted on a name that is about to count as found.
  bool wants_opinion(const Job& job) const;
  void opinion_replied(Index index, const dns::Reply& reply);
  /// One resolver alone knows the name, and no other can be asked.
  void no_other_opinion(Index index);
  void below_replied(Index index, const dns::Reply& reply);
  /// Records came: is the name proven?
  void weigh(Index index);
  void judge(Index index);
  void proven(Index index, Proof proof);
  /// What is known of it so far.
  model::Hostname record_of(const Job& job) const;
  /// Nothing tells it from a name that nobody made.
  void unproven(Index index);
  void ask_below(Index index);
  void wait_for_controls(Zones::value_type& entry, Index index);
  /// Asks for the next type, or ends the job.
  void go_on(Index index);
  void control_replied(Index token, const dns::Reply& reply);
  void start_control(Zones::value_type& entry);
  void tell_wildcard(Zones::value_type& entry);
  std::string below(const std::string& name) const;
  std::string control_below(Zones::value_type& entry) const;
  /// The verdict on a guess below a name that was found not to exist.
  std::optional<Verdict> pruned(const Candidate& candidate) const;
  Zones::value_type& zone_of(const std::string& name);
  void forget_zones();
  /// Writes the record, once for each name, and ends the job.
  void confirm(Index index);
  void fail(Index index, const std::string& reason);
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
  enum class Apex : std::uint8_t { kUnknown, kAnswers, kDead };
  std::vector<Apex> apex_state_;
  std::unordered_map<std::uint64_t, Verdict> pruned_;  ///< by hash of the name
  Zones zones_;
  /// By name, the sources that gave it.
  std::unordered_map<std::string, std::vector<std::string>, SeededHash, std::equal_to<>> confirmed_;
  std::vector<Zones::value_type*> controls_;  ///< zones by control token; null when it is done
  std::vector<Index> free_controls_;
  std::deque<std::uint64_t> pending_;  ///< tokens of questions that wait for room
  std::deque<Index> opinions_;         ///< names that wait for another resolver's word
  bool told_of_one_ = false;           ///< that one resolver's word has to do
  bool ended_ = false;
  Status source_status_, sink_status_;
  Counts counts_;
};

}  // namespace m8::enumerate
