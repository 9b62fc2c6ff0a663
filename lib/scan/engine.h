/// Engine: templates times targets, streamed, bounded and without waiting threads.
///
/// The caller's thread reads targets and admits them; everything else happens on the session's loop
/// threads and one writer. Memory depends on what is in flight, never on the length of the input.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/memory.h"
#include "base/result.h"
#include "http/session.h"
#include "model/scan_journal.h"
#include "model/sink.h"
#include "model/target_reader.h"
#include "net/scope.h"
#include "protocols/protocol.h"
#include "scan/endpoint_record.h"
#include "scan/host_budget.h"
#include "scan/record_writer.h"
#include "scan/sorted_findings.h"
#include "scan/target_run.h"

namespace m8::scan {

struct EngineOptions {
  int templates_at_once = 25;  ///< -c: on one target
  int targets_at_once = 25;    ///< -bs
  int probes_at_once = 50;     ///< -prc: bare hosts being probed, or waiting after it
  /// Over all targets template by template (templates_at_once times targets_at_once of them, each
  /// with one request at a time), or target by target.
  bool template_major = false;
  /// Template by template: so long the first targets wait for those that come slowly.
  std::chrono::milliseconds gathering{1000};
  bool sorted = false;           ///< findings in an order that does not depend on who answers first
  bool probe = true;             ///< false: -nh, bare hosts are skipped
  bool global_matchers = false;  ///< -egm: such templates see the answers of all others
  /// Chooses a target's templates by its first page; null: each gets all. Borrowed.
  const TemplateChoice* choice = nullptr;
  HostBudget::Options host_errors;
  probe::ProbeOptions probing;
  /// Answers being received may need about this many bytes together; with large bodies fewer
  /// templates run at once.
  std::size_t body_memory = 48u << 20;
  std::size_t record_memory = 8u << 20;  ///< findings that wait to be written
  /// After a stop, what is in flight may take this long to end by itself.
  std::chrono::milliseconds stop_grace{2000};
};

/// What a scan came to; a snapshot while it runs.
struct Totals {
  std::uint64_t targets = 0;            ///< admitted
  std::uint64_t targets_under_way = 0;  ///< being probed or scanned
  std::uint64_t targets_done = 0;
  std::uint64_t targets_ended = 0;  ///< done, or skipped after they were admitted
  std::map<std::string, std::uint64_t> targets_skipped;  ///< by reason
  std::uint64_t executions = 0;                          ///< templates started on a target
  std::uint64_t executions_skipped = 0;
  std::uint64_t targets_resumed = 0;                      ///< finished by an earlier session
  std::uint64_t executions_resumed = 0;                   ///< the same, on targets that were not
  std::uint64_t requests_done = 0, requests_planned = 0;  ///< of the targets admitted so far
  bool planned_is_total = false;                          ///< the input was read to its end
  std::uint64_t hosts_lost = 0;                           ///< had answered, then were dropped
  std::vector<std::string> lost_hosts;                    ///< the first of them, host:port
  std::uint64_t hosts_dead = 0;                           ///< dropped without ever having answered
  std::vector<std::string> dead_hosts;                    ///< the first of them
  std::uint64_t findings = 0;
  std::uint64_t records_lost = 0;
  std::string first_record_error;
  std::map<std::string, std::uint64_t> errors;  ///< by class
};

class Engine final : private protocols::Observer, private TargetRun::Owner {
 public:
  /// What the engine works with. All borrowed; the session may go first, see close().
  struct Parts {
    http::Session& session;
    model::Sink& sink;
    dsl::Services& services;
    const protocols::Settings& settings;
    const dsl::Variables& overrides;  ///< -var, -ev
    const net::Scope& scope;
    Clock& clock;
    MemoryGovernor* memory = nullptr;       ///< narrows what is in flight; null: no limit
    JobSink* jobs = nullptr;                ///< told of each finished target
    model::ScanJournal* journal = nullptr;  ///< what is finished; null: the scan can't go on later
    protocols::Witness* witness = nullptr;  ///< sees every request and answer; null: nobody
    /// Makes interaction URLs; null: there are none. Must hold nothing any more at close().
    oob::Correlator* interactions = nullptr;
    Unchanged* unchanged = nullptr;  ///< which targets need no scan; null: each is scanned
  };

  Engine(Templates templates, Parts parts, EngineOptions options);
  ~Engine() override;

  /// Scans all targets of \p targets. Returns when all is done, or soon after a stop (kCancelled),
  /// then requests may still be in flight. Other errors are the stream's; what was admitted before
  /// is finished first.
  Status run(const model::TargetStream& targets, std::stop_token stop);

  /// Writes what is still waiting and flushes the sink. After a stop the session must be destroyed
  /// before this, so that nothing in flight calls back any more. Idempotent.
  void close();

  /// Returns once the sink has everything that was found before. Any thread, until close().
  void drain() { records_.drain(); }

  Totals totals() const;

 private:
  struct State {
    int probing = 0, running = 0;
    std::deque<std::shared_ptr<TargetRun>> ready;  ///< probed, wait for a place
    Places places;
    bool all_came = false;  ///< the targets were read to their end
    Totals totals;
  };
  struct Scan;
  /// Several targets may be of one host.
  using Pilots =
      std::unordered_multimap<std::string, std::weak_ptr<TargetRun>, SeededHash, std::equal_to<>>;

  // protocols::Observer
  void finding(model::Finding finding) override;
  bool may_send(const net::Url& url) override;
  void answered(const net::Url& url, const http::Response& response) override;
  void failed(const net::Url& url, const Error& error) override;
  void progress(int requests) override;
  void warning(std::string_view text) override;
  // TargetRun::Owner
  void probed(std::shared_ptr<TargetRun> run) override;
  void finished(TargetRun& run, const TargetOutcome& outcome) override;

  Status admit(model::TargetSpec spec, std::stop_token stop);
  bool admissible(const model::TargetSpec& spec);
  void start_once();
  bool finished_earlier(TargetRun::Job& job);
  void skip(const std::string& input, const std::string& reason);
  void take_place(TargetRun& run);
  void launch(std::shared_ptr<TargetRun> run);
  void report(const TargetRun& run, const TargetOutcome& outcome);
  void forget_pilot(const std::string& key, const TargetRun& run);
  void wait_until_idle(const std::stop_token& stop);
  void adapt_to_bodies(int running);
  bool may_join();
  void gather();
  void gather_over_if_all_came();
  bool sorting_lags() const;
  template <typename Ready>
  bool wait_for(const std::stop_token& stop, Ready ready);

  const Templates templates_;  ///< all that were given: the owners of what is below
  Templates per_target_;       ///< run on every target
  Templates once_;             ///< self-contained: run once
  std::vector<protocols::GlobalMatcher> global_matchers_;
  const Parts parts_;
  const EngineOptions options_;
  std::uint64_t requests_per_target_ = 0;
  std::uint64_t next_number_ = 0;  ///< of the journal; run() alone
  std::atomic<int> templates_at_once_;
  std::atomic<std::uint64_t> requests_done_{0};
  std::array<std::atomic<std::uint64_t>, 16> errors_{};  ///< by ErrorCode
  std::shared_ptr<TemplateFront> front_;                 ///< null: target by target
  /// Guarded by sorting_; null: findings are written as they come.
  std::unique_ptr<SortedFindings> sorted_;
  mutable std::mutex sorting_;
  int window_ = 0;  ///< template by template: targets that go together; guarded by mutex_
  std::uint64_t gathering_ = 0;  ///< of those; guarded by mutex_
  HostBudget budget_;
  EndpointLog endpoints_;
  RecordWriter records_;
  std::unique_ptr<Scan> scan_;  ///< what the runs borrow; made by run()
  /// Runs whose host has not answered yet, by host.
  Guarded<Pilots> pilots_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  State state_;  ///< guarded by mutex_
};

}  // namespace m8::scan
