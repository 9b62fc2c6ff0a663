/// Passive: the passive sources of a run of `asmm8 enum`, asked on a thread of their own while the
/// engine proves what they give.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/guarded.h"
#include "base/hash.h"
#include "cache/backend.h"
#include "cli/flag.h"
#include "enumerate/feed.h"
#include "enumerate/sources/runner.h"
#include "http/session.h"
#include "model/run.h"
#include "model/sink.h"
#include "net/scope.h"

namespace m8::asmm8 {

/// --source, --provider-config and all else that says which sources are asked, and how.
std::vector<cli::Flag> passive_flags();

/// Keys, URLs and rates of sources, as files, environment and flags say. kInvalidArgument.
Result<enumerate::sources::AllSettings> source_settings(const cli::Values& flags);
/// The flags that source_settings() reads: also those of `asmm8 sources`.
std::vector<cli::Flag> source_settings_flags();
/// Where it is kept how each source did last; empty without a home.
std::string last_reports_path();

/// Gives records on, with the sources that know the name by then.
class Provenance final : public model::Sink {
 public:
  explicit Provenance(model::Sink& next) : next_(next) {}
  /// True if \p name was not known before. Any thread.
  bool note(const std::string& name, std::string_view source);
  std::vector<std::string> sources_of(const std::string& name) const;

  Status hostname(const model::Hostname& record) override;
  Status endpoint(const model::Endpoint& record) override { return next_.endpoint(record); }
  Status finding(const model::Finding& record) override { return next_.finding(record); }
  Status outcome(const model::Outcome& record) override { return next_.outcome(record); }
  Status flush() override { return next_.flush(); }
  /// Calls \p visit with each name that was noted.
  void each(const std::function<void(const std::string&)>& visit) const;

 private:
  using Known =
      std::unordered_map<std::string, std::vector<std::string>, SeededHash, std::equal_to<>>;
  model::Sink& next_;
  Guarded<Known> known_;
};

class Passive {
 public:
  /// Everything is borrowed. kInvalidArgument for flags and files that make no sense.
  static Result<std::unique_ptr<Passive>> create(const cli::Values& flags,
                                                 const std::vector<net::Name>& domains,
                                                 const net::Scope& scope, Clock& clock,
                                                 const MemoryGovernor& memory);
  ~Passive() { stop_asking(); }

  /// "crtsh, anubis, ...", or why none is asked. For --dry-run.
  std::string plan() const;

  /// Names for the engine. It ends when the sources have ended, so start() must be called.
  enumerate::CandidateSource& names() { return feed_; }
  /// Asks the sources, on a thread of its own, until they have ended or \p stop. Their names go to
  /// names(), and who gave them to \p provenance.
  void start(Provenance& provenance, std::stop_token stop);
  /// Without an engine: names go to \p sink as they come, unproven. Waits.
  Status list(model::Sink& sink, std::stop_token stop);
  /// Ends what is still asked, puts the reports into \p run, and remembers them.
  void end(model::Run& run);
  /// The exit code that the reports mean (--max-failed-sources); says on stderr which sources
  /// failed, if that is too many. After end().
  int verdict(const std::string& program) const;

 private:
  Passive(const std::vector<net::Name>& domains, const net::Scope& scope, Clock& clock,
          const MemoryGovernor& memory);
  Status configure(const cli::Values& flags);
  Status configure_session(const cli::Values& flags);
  void stop_asking();
  void run(Provenance& provenance, std::stop_token stop);
  model::Hostname unproven(const enumerate::Candidate& candidate) const;
  void tell() const;
  void tell_special_use() const;
  std::vector<std::string> failures() const;

  class NoLookup final : public net::HostLookup {
   public:
    void lookup(const std::string& host, Callback done) override {
      done(Error{ErrorCode::kNotFound, host});
    }
  };

  const std::vector<net::Name> domains_;
  const net::Scope& scope_;
  Clock& clock_;
  std::vector<enumerate::sources::Chosen> sources_;
  std::unique_ptr<cache::Backend> kept_;  ///< answers; null: none are kept
  enumerate::sources::RunnerOptions options_;
  bool collect_ = false;   ///< names are held back until every source has ended
  int max_failed_ = 50;    ///< percent of the sources
  NoLookup lookup_;        ///< names of services are looked up by the system
  net::Scope everything_;  ///< services are no targets
  net::RateLimiter unlimited_;
  http::Session::Options session_options_;
  std::unique_ptr<http::Session> session_;
  enumerate::Feed feed_;
  std::vector<enumerate::sources::Report> reports_;
  std::jthread thread_;
};

}  // namespace m8::asmm8
