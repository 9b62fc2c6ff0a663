/// HttpRun: one http block on one target, as a machine that callbacks drive (templates 3.7-3.14).
///
/// All of it happens on the loop thread of the target's host. Sequential by default; payload
/// combinations run side by side where the plan says so.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "operators/operators.h"
#include "protocols/http_event.h"
#include "protocols/http_plan.h"
#include "protocols/http_request.h"
#include "protocols/http_share.h"
#include "protocols/protocol.h"

namespace m8::protocols {

class HttpRun : public std::enable_shared_from_this<HttpRun> {
 public:
  /// \p plan is borrowed and must outlive the run.
  /// \p group, if any: whose leader this is; borrowed as well.
  HttpRun(const HttpPlan& plan, std::shared_ptr<Execution> execution, Block::Done done,
          const HttpGroup* group = nullptr);

  /// Sends what may be sent now; goes on by itself until \p done is called.
  void start() { pump(); }

 private:
  /// Which request comes next.
  struct Cursor {
    std::int64_t combination = 0;
    std::size_t entry = 0;
    std::size_t repeat = 0;  ///< iterate-all: which of the extracted values
  };
  /// What an answer needs to know about its request.
  struct InFlight {
    Cursor at;
    std::uint64_t number = 0;  ///< in the order of sending
    std::shared_ptr<const HttpNames> names;
    std::shared_ptr<SentRequest> sent;
    bool own_deadline = false;
    std::shared_ptr<http::Request> unanswered;  ///< digest: sent again with an answer to a 401
    std::shared_ptr<http::Request> plain;       ///< as it was before it was made to use TLS
  };

  /// One that came before an earlier request's answer.
  struct Answer {
    InFlight request;
    Result<http::Exchange> result;
  };

  void pump();
  bool launch_next();
  bool has_next() const { return next_.combination < plan_.payloads.combinations(); }
  void advance();
  /// The number in `payloads` of a combination in the order of sending.
  std::int64_t combination_of(const Cursor& at) const;
  /// True while the likeliest logins have not all been answered: guesses that may lock a user out
  /// wait for them.
  bool waits_for_likely_logins() const;
  /// Whose password was found is not guessed at any more.
  void skip_known_logins();
  std::size_t repeats() const;
  /// A request that may go out.
  struct Ready {
    std::shared_ptr<const HttpNames> names;
    GeneratedRequest generated;
    std::shared_ptr<const InteractionUrls> urls;  ///< null: none
  };
  /// Renders the request into \p ready, which is new. False: it can't be, and the block ends.
  bool generate(const Cursor& at, Ready& ready);
  void send(const Cursor& at, Ready&& ready);
  void announce(const InFlight& flight, http::Request& request) const;
  void dispatch(InFlight&& flight, http::Request&& request);
  Result<std::shared_ptr<HttpNames>> scan_names(const Cursor& at, InteractionUrls& urls) const;
  Result<std::shared_ptr<const HttpNames>> names_for(const Cursor& at, InteractionUrls& urls);
  Result<dsl::Variables> payloads_for(const Cursor& at, const HttpNames& names,
                                      InteractionUrls& urls) const;
  std::shared_ptr<const dsl::Variables> dynamic_for(const Cursor& at) const;

  void use_tls_if_known(InFlight& flight, http::Request& request) const;
  /// True if TLS failed and the request went out again without.
  bool retry_plain(InFlight& flight, const Result<http::Exchange>& result);
  /// True if \p result was a challenge and the request went out again.
  bool answer_challenge(InFlight& flight, const Result<http::Exchange>& result);
  void receive(InFlight&& request, Result<http::Exchange>&& result);
  void take_turn(InFlight&& request, Result<http::Exchange>&& result);
  void look_at(const InFlight& request, Result<http::Exchange>&& result);
  void fail(const InFlight& request, const Error& error);
  void evaluate(const InFlight& request, http::Exchange&& exchange);
  /// True if the block is to stop after this event.
  bool evaluate_shared(const InFlight& request, const std::shared_ptr<const HttpFields>& fields);
  HttpRun& member_run(std::uint32_t number);
  bool is_ruled_out(const HttpFields& fields) const;
  bool evaluate_hop(const InFlight& request, std::shared_ptr<const HttpFields> fields);
  /// Keeps an event for interactions that are yet to come.
  void hold(const InFlight& request, const std::shared_ptr<const HttpFields>& fields);
  void remember(const operators::Verdict& verdict);
  /// What other blocks, and this one's own operators, may read of an event.
  void export_fields(const HttpEvent& event);
  void export_values(const operators::Verdict& verdict);
  void run_global_matchers(const InFlight& request,
                           const std::shared_ptr<const HttpFields>& fields);
  void report(model::Finding finding);
  void keep_unmatched(model::Finding finding) const;
  void remember_failure(const InFlight& request, const Error& error) const;
  void warn(std::string_view text);

  void generation_failed(const Error& error);
  void stop(Status why);
  void count_progress(int requests);
  void finish_if_over();

  const HttpPlan& plan_;
  std::shared_ptr<Execution> execution_;  ///< shared with names and events
  Block::Done done_;
  std::shared_ptr<http::CookieJar> cookies_;    ///< shared with requests and other blocks
  std::shared_ptr<const http::RaceGate> gate_;  ///< shared by the requests of a race
  BlockOutcome outcome_;
  Cursor next_;
  HttpHistory history_;
  std::map<std::string, dsl::List> dynamic_;        ///< by internal extractor
  std::set<std::string, std::less<>> known_users_;  ///< a guess of their password matched
  std::vector<std::string> interaction_ids_;  ///< of the requests so far, while history is kept
  std::string home_;                          ///< host whose loop thread this runs on
  bool guesses_logins_ = false;               ///< what a default login is, of users and passwords
  std::unique_ptr<HttpGroupRun> group_;       ///< null: no others share its requests
  int limit_ = 1;
  int in_flight_ = 0;
  std::uint64_t sent_ = 0, looked_at_ = 0;   ///< requests, answers
  std::map<std::uint64_t, Answer> in_turn_;  ///< by number of the request
  int progress_left_ = 0;
  bool pumping_ = false;
  bool stopped_ = false;
  bool satisfied_ = false;  ///< stop-at-first-match has matched
};

}  // namespace m8::protocols
