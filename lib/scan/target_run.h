/// TargetRun: all templates against one target, a bounded number at a time.
///
/// Passive, after ninja's subprocess set: everything of one run happens on the loop thread that
/// serves its host, so nothing in it is locked. It lives as long as a callback holds it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/memory.h"
#include "model/journal.h"
#include "model/target.h"
#include "probe/probe.h"
#include "protocols/protocol.h"
#include "protocols/tls_ports.h"
#include "scan/host_budget.h"
#include "scan/host_pace.h"
#include "scan/record_writer.h"
#include "scan/template_choice.h"
#include "scan/template_front.h"
#include "scan/unchanged.h"
#include "templates/template.h"

namespace m8::scan {

using Templates = std::vector<std::shared_ptr<const templates::Template>>;

/// What all runs of a scan share. Borrowed; outlives them.
struct RunSurroundings {
  const Templates& templates;
  const protocols::Surroundings& protocols;
  HostBudget& budget;
  RecordWriter& records;
  const probe::ProbeOptions& probing;
  /// Templates at once on one target; falls when bodies are large.
  const std::atomic<int>& templates_at_once;
  std::atomic<std::uint64_t>& requests_done;  ///< of the forecast; skipped ones count
  const MemoryGovernor* memory;               ///< null: no limit
  std::stop_token stop;
  TemplateFront* front = nullptr;  ///< null: each run goes on by itself
  bool keeps_findings = false;     ///< until the owner takes them; else they are written at once
  const TemplateChoice* choice = nullptr;  ///< null: all templates run
  Unchanged* unchanged = nullptr;          ///< null: every target is scanned
};

/// What became of a target.
struct TargetOutcome {
  enum class Kind { kDone, kSkipped, kInterrupted };
  Kind kind = Kind::kDone;
  std::string reason;       ///< why it was skipped
  int executions = 0;       ///< templates that were started
  std::size_t skipped = 0;  ///< templates that were not
  std::size_t resumed = 0;  ///< templates that an earlier session had finished
};

class TargetRun final : public std::enable_shared_from_this<TargetRun>,
                        private protocols::Observer {
 public:
  /// Told on the loop thread. probed: the scheme was found; the run waits for run(). finished:
  /// once, also when probing failed.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void probed(std::shared_ptr<TargetRun> run) = 0;
    virtual void finished(TargetRun& run, const TargetOutcome& outcome) = 0;
  };

  /// The owner's notes.
  struct Job {
    std::uint64_t id = 0;  ///< 0: the run without a target
    int worker = -1;       ///< its place; none while probing
    SteadyTime began{};
    std::uint64_t number = 0;                 ///< in the journal of the scan
    std::shared_ptr<model::Journal> journal;  ///< of its templates, shared with the scan's; or null
  };

  TargetRun(const RunSurroundings& scan, model::Target target, Owner& owner);

  /// Finds the scheme of a bare host. Any thread.
  void probe();
  /// Others do not go far ahead of it from now on. Before run(), which has to follow.
  void join();
  /// Runs the templates. Any thread.
  void run();
  /// The host has answered for the first time: templates may run side by side. Any thread.
  void host_answered();

  const model::Target& target() const { return target_; }
  /// Key of the host in the budget.
  const std::string& host_key() const { return host_key_; }
  /// What was found on it so far.
  std::uint64_t findings() const { return findings_.load(std::memory_order_relaxed); }
  /// Those that were kept. What comes later is written at once.
  std::vector<model::Finding> take_findings();
  Job job;

 private:
  // protocols::Observer: counted, and passed on.
  void finding(model::Finding finding) override;
  bool may_send(const net::Url& url) override;
  void answered(const net::Url& url, const http::Response& response) override;
  void failed(const net::Url& url, const Error& error) override;
  void progress(int requests) override;
  void warning(std::string_view text) override;

  void begin();
  void choose(const Result<http::Exchange>& answer);
  void look_first();
  void compare(const http::Response& answer);
  void pump();
  void start_next();
  void keep(std::size_t number, const protocols::BlockOutcome& outcome);
  int limit() const;
  bool is_here(const net::Url& url) const;
  void pace(HostPace::Time took);
  bool more_may_start();
  void wait_for_room();
  void report_failure(const templates::Template& one, const Error& error);
  void skip_rest(std::string reason, TargetOutcome::Kind kind);
  void tell_skipped(const templates::Template& skipped);
  void finish_if_over();
  bool waits_for_others();
  void move_front();

  const RunSurroundings& scan_;
  protocols::TlsPorts tls_ports_;               ///< what this target's ports have told
  const protocols::Surroundings surroundings_;  ///< the scan's, with this as the observer
  std::atomic<std::uint64_t> findings_{0};      ///< a redirect may end on another loop
  model::Target target_;
  Owner& owner_;
  std::string host_key_;
  std::shared_ptr<const protocols::TargetNames> builtins_;  ///< shared with the executions
  TargetOutcome outcome_;
  struct Kept {
    std::vector<model::Finding> findings;
    bool closed = false;
  };
  Guarded<Kept> kept_;
  std::size_t next_ = 0;                 ///< index of the next template
  std::vector<bool> chosen_;             ///< of the templates; empty: all
  std::optional<std::size_t> in_front_;  ///< where the front knows this to be
  int running_ = 0;
  HostPace pace_;
  bool known_ = false;  ///< the host's state is known: no need to go one by one
  bool pumping_ = false, again_ = false;
  bool waiting_ = false;  ///< for the writer
  bool finished_ = false;
  std::string answer_digest_;  ///< of what it answered before; empty: nobody asked, or no answer
  bool unchanged_ = false;     ///< that is as it was: no template runs
  int failures_ = 0;           ///< templates that did not run to their end
};

}  // namespace m8::scan
