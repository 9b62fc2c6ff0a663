#include "protocols/http_run.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/hash.h"
#include "dsl/render.h"
#include "http/credentials.h"
#include "protocols/deferred_waits.h"
#include "protocols/http_finding.h"
#include "protocols/http_late_event.h"
#include "protocols/tls_ports.h"
#include "protocols/witness.h"

namespace m8::protocols {
namespace {

/// Answers that wait for an earlier one: beyond it nothing is sent until that is there.
constexpr std::size_t kMostWaiting = 100;

}  // namespace

HttpRun::HttpRun(const HttpPlan& plan, std::shared_ptr<Execution> execution, Block::Done done,
                 const HttpGroup* group)
    : plan_(plan),
      execution_(std::move(execution)),
      done_(std::move(done)),
      cookies_(execution_->cookies),
      home_(execution_->target.url.host),
      group_(group ? std::make_unique<HttpGroupRun>(*group) : nullptr) {
  if (!cookies_) {
    cookies_ = std::make_shared<http::CookieJar>(execution_->scan.services.clock());
    execution_->cookies = cookies_;
  }
  const int threads =
      plan_.threads > 0 ? plan_.threads : execution_->scan.settings.payload_concurrency;
  if (plan_.parallel && threads > 0) limit_ = threads;
  if (plan_.race) limit_ = static_cast<int>(plan_.entries.size());
  const auto& tags = execution_->info->tags;
  guesses_logins_ = plan_.payloads.guesses_logins() &&
                    std::find(tags.begin(), tags.end(), "default-login") != tags.end();
  if (plan_.keeps_history) history_.resize(plan_.entries.size());
  progress_left_ = static_cast<int>(
      std::min<std::int64_t>(plan_.request_count(), std::numeric_limits<int>::max()));
}

void HttpRun::pump() {
  if (pumping_ || !done_) return;  // an answer that came at once is handled by the loop below
  pumping_ = true;
  const auto alive = shared_from_this();
  while (!stopped_ && in_flight_ < limit_ && in_turn_.size() < kMostWaiting && launch_next()) {
  }
  pumping_ = false;
  finish_if_over();
}

void HttpRun::advance() {
  if (plan_.iterate_all && ++next_.repeat < repeats()) return;
  next_.repeat = 0;
  do {
    if (++next_.entry == plan_.entries.size()) {
      next_.entry = 0;
      ++next_.combination;
    }
  } while (has_next() && next_.combination > 0 && plan_.entries[next_.entry].once);
}

std::int64_t HttpRun::combination_of(const Cursor& at) const {
  return guesses_logins_ ? plan_.payloads.likely_first(at.combination) : at.combination;
}

bool HttpRun::waits_for_likely_logins() const {
  return guesses_logins_ && in_flight_ > 0 && next_.entry == 0 &&
         next_.combination == plan_.payloads.likely_logins() && next_.combination > 0;
}

void HttpRun::skip_known_logins() {
  if (known_users_.empty() || next_.entry != 0) return;
  const auto is_known = [this] {
    return known_users_.find(plan_.payloads.user(combination_of(next_))) != known_users_.end();
  };
  while (has_next() && is_known()) ++next_.combination;
}

/// iterate-all: how often a request is repeated, for the longest list of extracted values.
std::size_t HttpRun::repeats() const {
  std::size_t longest = 1;
  for (const auto& [name, values] : dynamic_) longest = std::max(longest, values.size());
  return longest;
}

bool HttpRun::launch_next() {
  skip_known_logins();
  if (plan_.entries.empty() || !has_next() || waits_for_likely_logins()) return false;
  if (execution_->stop.stop_requested()) {
    stop(Error{ErrorCode::kCancelled, "stopped"});
    return false;
  }
  const Cursor at = next_;
  advance();
  Ready ready;
  if (!generate(at, ready)) return !stopped_;
  if (!execution_->scan.observer.may_send(ready.generated.request.url)) {
    stop(Error{ErrorCode::kNetwork, "host was skipped as it was found unresponsive"});
    return false;
  }
  if (plan_.race) {
    if (at.entry == 0)
      gate_ = std::make_shared<http::RaceGate>(http::RaceGate{plan_.entries.size()});
    ready.generated.request.gate = gate_;
  }
  send(at, std::move(ready));
  return true;
}

bool HttpRun::generate(const Cursor& at, Ready& ready) {
  InteractionUrls urls(execution_->scan.interactions);
  auto names = names_for(at, urls);
  if (!names) {
    generation_failed(names.error());
    return false;
  }
  DeferredWaits services(execution_->scan.services);
  const Status made = generate_request(
      plan_.entries[at.entry],
      {plan_, execution_->scan.settings, **names, services, cookies_, urls}, ready.generated);
  if (!made.ok()) {
    generation_failed(made.error());
    return false;
  }
  ready.generated.delay = services.total();
  ready.names = std::move(*names);
  if (!urls.empty()) ready.urls = std::make_shared<const InteractionUrls>(std::move(urls));
  return true;
}

void HttpRun::generation_failed(const Error& error) {
  warn(fmt::format("could not make http request for {}: {}", execution_->target.input,
                   error.message));
  const bool unresolved = error.code == ErrorCode::kNotFound;
  if (plan_.parallel && unresolved) {
    outcome_.status = error;
    count_progress(1);
    return;
  }
  stop(error);
}

std::shared_ptr<const dsl::Variables> HttpRun::dynamic_for(const Cursor& at) const {
  if (dynamic_.empty()) return nullptr;
  auto out = std::make_shared<dsl::Variables>();
  for (const auto& [name, values] : dynamic_) {
    out->set(name, values[std::min(at.repeat, values.size() - 1)]);
  }
  return out;
}

Result<dsl::Variables> HttpRun::payloads_for(const Cursor& at, const HttpNames& names,
                                             InteractionUrls& urls) const {
  dsl::Variables out;
  if (plan_.payloads.empty()) return out;
  for (const auto& [list, value] : plan_.payloads.at(combination_of(at))) {
    const bool interaction = has_interaction_marker(value);
    if (!list->has_markers && !interaction) {
      out.set(list->name, value);
      continue;
    }
    auto rendered = dsl::render(interaction ? M8_TRY(urls.fill(value)) : std::string(value), names,
                                execution_->scan.services);
    if (!rendered) return Error{ErrorCode::kInvalidArgument, rendered.error().message};
    out.set(list->name, std::move(*rendered));
  }
  return out;
}

Result<std::shared_ptr<HttpNames>> HttpRun::scan_names(const Cursor& at,
                                                       InteractionUrls& urls) const {
  if (plan_.self_contained)
    return HttpNames::create_self_contained(execution_, dynamic_for(at), urls);
  const HttpEntry& entry = plan_.entries[at.entry];
  std::shared_ptr<const TargetNames> builtins = execution_->builtins;
  if (entry.port) {
    model::Target moved = execution_->target;
    moved.url.port = entry.port;
    builtins = std::make_shared<TargetNames>(moved);
  }
  return HttpNames::create(execution_, std::move(builtins), dynamic_for(at),
                           entry.trims_base && !plan_.raw, urls);
}

Result<std::shared_ptr<const HttpNames>> HttpRun::names_for(const Cursor& at,
                                                            InteractionUrls& urls) {
  auto names = scan_names(at, urls);
  if (!names) return Error{ErrorCode::kInvalidArgument, names.error().message};
  (*names)->set_payloads(M8_TRY(payloads_for(at, **names, urls)));
  return std::shared_ptr<const HttpNames>(std::move(*names));
}

void HttpRun::send(const Cursor& at, Ready&& ready) {
  GeneratedRequest& generated = ready.generated;
  InFlight flight;
  flight.at = at;
  flight.names = std::move(ready.names);
  flight.own_deadline = generated.own_deadline;
  flight.sent = std::make_shared<SentRequest>();
  flight.sent->unsafe = plan_.unsafe;
  flight.sent->matched = std::move(generated.matched);
  flight.sent->url = generated.request.url;
  flight.sent->urls = std::move(ready.urls);
  use_tls_if_known(flight, generated.request);
  announce(flight, generated.request);
  flight.number = sent_++;
  // There may be no answer to tell what was sent.
  if (flight.sent->urls) flight.sent->bytes = http::to_wire(generated.request);
  ++in_flight_;
  ++outcome_.requests;
  if (generated.delay == std::chrono::seconds(0)) {
    dispatch(std::move(flight), std::move(generated.request));
    return;
  }
  auto request = std::make_shared<http::Request>(std::move(generated.request));
  execution_->scan.session.post(
      home_,
      [self = shared_from_this(), flight = std::move(flight), request]() mutable {
        self->dispatch(std::move(flight), std::move(*request));
      },
      generated.delay);
}

/// Logins, and word for who watches; without either it costs nothing.
void HttpRun::announce(const InFlight& flight, http::Request& request) const {
  const Surroundings& scan = execution_->scan;
  if (scan.settings.credentials) scan.settings.credentials->apply(request);
  if (scan.settings.audited) {
    request.origin = std::make_shared<const model::Origin>(
        model::Origin{execution_->info->id, execution_->target.input, group_ != nullptr});
  }
  if (!scan.witness && !scan.settings.matcher_status) return;
  flight.sent->bytes = http::to_wire(request);
  if (scan.witness)
    scan.witness->sending(*execution_, plan_.id, flight.sent->url, flight.sent->bytes);
}

void HttpRun::dispatch(InFlight&& flight, http::Request&& request) {
  if (plan_.digest) flight.unanswered = std::make_shared<http::Request>(request);
  const bool at_home = flight.sent->url.host == home_;
  execution_->scan.session.send(
      std::move(request), [self = shared_from_this(), flight = std::move(flight),
                           at_home](Result<http::Exchange> result) mutable {
        if (at_home) {
          self->receive(std::move(flight), std::move(result));
          return;
        }
        // Another host may live on another loop: go home, where all of this run's state is.
        auto& session = self->execution_->scan.session;
        auto box = std::make_shared<Result<http::Exchange>>(std::move(result));
        session.post(self->home_, [self, flight = std::move(flight), box]() mutable {
          self->receive(std::move(flight), std::move(*box));
        });
      });
}

void HttpRun::use_tls_if_known(InFlight& flight, http::Request& request) const {
  const TlsPorts* ports = execution_->scan.tls_ports;
  if (ports == nullptr || request.url.scheme != "http" || !ports->holds(request.url)) return;
  flight.plain = std::make_shared<http::Request>(request);
  request.url.port = request.url.effective_port();
  request.url.scheme = "https";
}

bool HttpRun::retry_plain(InFlight& flight, const Result<http::Exchange>& result) {
  if (result || !flight.plain || stopped_) return false;
  execution_->scan.tls_ports->forget(flight.plain->url);
  const auto plain = std::exchange(flight.plain, nullptr);
  dispatch(std::move(flight), std::move(*plain));
  return true;
}

bool HttpRun::answer_challenge(InFlight& flight, const Result<http::Exchange>& result) {
  if (!flight.unanswered || !result || result->final().status != 401 || stopped_) return false;
  http::Request request = std::move(*flight.unanswered);
  if (http::find_header(request.headers, "Authorization") != nullptr) return false;
  char random[8];
  execution_->scan.services.random(random, sizeof random);
  const std::string target = request.url.request_target();
  const std::string cnonce = hex_encode({random, sizeof random});
  auto answer =
      answer_digest(result->final().headers, *plan_.digest, {request.method, target, cnonce});
  if (!answer) return false;
  request.headers.push_back({"Authorization", std::move(*answer)});
  dispatch(std::move(flight), std::move(request));
  return true;
}

void HttpRun::receive(InFlight&& request, Result<http::Exchange>&& result) {
  if (retry_plain(request, result) || answer_challenge(request, result)) return;
  --in_flight_;
  if (!result) {
    fail(request, result.error());
  } else {
    execution_->scan.observer.answered(request.sent->url, result->hops.front());
    outcome_.status = {};
    TlsPorts* ports = execution_->scan.tls_ports;
    if (ports && request.sent->url.scheme == "http")
      ports->learn(request.sent->url, result->final());
  }
  if (request.at.repeat == 0) count_progress(1);
  take_turn(std::move(request), std::move(result));
  pump();
}

/// Answers are looked at in the order of their requests, whichever came first: what a block finds
/// does not depend on who was quicker.
void HttpRun::take_turn(InFlight&& request, Result<http::Exchange>&& result) {
  if (request.number != looked_at_) {
    const std::uint64_t number = request.number;
    in_turn_.emplace(number, Answer{std::move(request), std::move(result)});
    return;
  }
  look_at(request, std::move(result));
  while (!in_turn_.empty() && in_turn_.begin()->first == looked_at_) {
    auto next = in_turn_.extract(in_turn_.begin());
    look_at(next.mapped().request, std::move(next.mapped().result));
  }
}

void HttpRun::look_at(const InFlight& request, Result<http::Exchange>&& result) {
  ++looked_at_;
  if (result && !stopped_) evaluate(request, std::move(*result));
}

void HttpRun::fail(const InFlight& request, const Error& error) {
  outcome_.status = error;
  const Surroundings& scan = execution_->scan;
  if (scan.witness)
    scan.witness->failed(*execution_, plan_.id, request.sent->url, request.sent->bytes, error);
  if (scan.settings.matcher_status && error.code != ErrorCode::kCancelled)
    remember_failure(request, error);
  if (request.sent->urls && error.code != ErrorCode::kCancelled) {
    http::Response none;
    none.url = request.sent->url;
    hold(request, std::make_shared<const HttpFields>(std::move(none), request.sent, *execution_));
  }
  if (error.code == ErrorCode::kCancelled) {
    stop(error);
    return;
  }
  const bool template_logic = request.own_deadline && error.code == ErrorCode::kTimeout;
  if (error.code == ErrorCode::kDenied || template_logic) return;
  execution_->scan.observer.failed(request.sent->url, error);
}

void HttpRun::evaluate(const InFlight& request, http::Exchange&& exchange) {
  request.sent->bytes = std::move(exchange.sent);
  request.sent->total = exchange.hops.back().duration;
  // From the last answer to the first, each an event of its own (templates 3.8.5).
  for (auto hop = exchange.hops.rbegin(); hop != exchange.hops.rend(); ++hop) {
    auto fields = std::make_shared<const HttpFields>(std::move(*hop), request.sent, *execution_);
    if (plan_.keeps_history) history_[request.at.entry] = fields;
    const bool enough = group_ ? evaluate_shared(request, fields) : evaluate_hop(request, fields);
    if (execution_->scan.global_matchers) run_global_matchers(request, fields);
    if (!enough) continue;
    stop({});
    return;
  }
}

/// True once no member wants to see more.
bool HttpRun::evaluate_shared(const InFlight& request,
                              const std::shared_ptr<const HttpFields>& fields) {
  if (execution_->scan.witness) {
    group_->group.everybody(group_->candidates);
  } else {
    group_->group.candidates(*fields, group_->candidates);
  }
  for (const std::uint32_t number : group_->candidates) {
    HttpRun& run = member_run(number);
    if (run.satisfied_) continue;
    InFlight seen;  // all that the others look at
    seen.at = request.at;
    seen.names = request.names;
    seen.sent = request.sent;
    if (&run != this) {
      InteractionUrls none(nullptr);  // what is shared holds no URLs
      auto names = run.names_for(request.at, none);
      if (!names) continue;
      seen.names = std::move(*names);
    }
    run.satisfied_ = run.evaluate_hop(seen, fields);
    if (run.satisfied_) ++group_->satisfied;
    if (&run != this) outcome_.findings += std::exchange(run.outcome_.findings, 0);
  }
  return group_->satisfied == group_->group.members().size();
}

/// The leader is this; the others only look.
HttpRun& HttpRun::member_run(std::uint32_t number) {
  if (number == 0) return *this;
  std::shared_ptr<HttpRun>& run = group_->runs[number];
  if (!run) {
    const HttpGroup::Member& member = group_->group.members()[number];
    auto execution = member.sharer.prepare(*execution_);
    execution->cookies = cookies_;
    run = std::make_shared<HttpRun>(*member.plan, std::move(execution), nullptr);
  }
  return *run;
}

/// True if \p fields can't give anything, known before the operators were ever compiled.
bool HttpRun::is_ruled_out(const HttpFields& fields) const {
  if (execution_->scan.witness || execution_->on_verdict || plan_.exports || plan_.flow)
    return false;
  if (!execution_->context.empty()) return false;
  return plan_.operators.rule_out(fields.response().status,
                                  [&fields] { return folded_answer(fields); });
}

bool HttpRun::evaluate_hop(const InFlight& request, std::shared_ptr<const HttpFields> fields) {
  HttpEvent event(fields, request.names, plan_.keeps_history ? &history_ : nullptr, *execution_);
  DeferredWaits services(execution_->scan.services);  // a matcher has nothing to put off
  operators::Context context{services,
                             {},
                             execution_->on_verdict != nullptr,
                             execution_->scan.settings.names_all_matchers};
  if (plan_.exports) export_fields(event);
  operators::Verdict verdict;
  if (!is_ruled_out(*fields)) verdict = plan_.operators.evaluate(event, context);
  for (const std::string& warning : context.warnings) warn(warning);
  if (auto* witness = execution_->scan.witness) {
    witness->evaluated({*execution_, plan_.id, fields->matched(), fields->sent().bytes,
                        fields->text("response").value_or(""), plan_.operators, event, verdict});
  }
  outcome_.succeeded = outcome_.succeeded || verdict.succeeded;
  if (!plan_.parallel) remember(verdict);
  if (verdict.matched && guesses_logins_)
    known_users_.emplace(plan_.payloads.user(combination_of(request.at)));
  if (execution_->on_verdict && (verdict.matched || verdict.extracted))
    execution_->on_verdict(verdict);
  for (const operators::Hit& hit : verdict.hits)
    report(make_finding(*execution_, *request.names, *fields, hit));
  if (verdict.hits.empty() && execution_->scan.settings.matcher_status)
    keep_unmatched(make_finding(*execution_, *request.names, *fields, {}));
  if (plan_.exports) export_values(verdict);
  hold(request, fields);
  const bool any_result = verdict.matched || !verdict.hits.empty();
  if (execution_->every_match) return false;
  return plan_.stop_at_first_match && (plan_.parallel ? any_result : verdict.matched);
}

void HttpRun::run_global_matchers(const InFlight& request,
                                  const std::shared_ptr<const HttpFields>& fields) {
  DeferredWaits services(execution_->scan.services);
  for (const GlobalMatcher& global : *execution_->scan.global_matchers) {
    HttpEvent event(fields, request.names, nullptr, *execution_);
    operators::Context context{services, {}};
    for (const operators::Hit& hit : global.operators->evaluate(event, context).hits) {
      model::Finding finding = make_finding(*execution_, *request.names, *fields, hit);
      finding.info = global.info;
      finding.global_matchers = true;
      report(std::move(finding));
    }
  }
}

void HttpRun::hold(const InFlight& request, const std::shared_ptr<const HttpFields>& fields) {
  oob::Correlator* const correlator = execution_->scan.interactions;
  if (correlator == nullptr || !plan_.awaits_interactions) return;
  static const std::vector<std::string> kNone;
  const auto& own = request.sent->urls ? request.sent->urls->ids() : kNone;
  std::vector<std::string> ids = own;
  if (plan_.keeps_history) {
    // Conditions on several requests may be met by a later one than that which was called.
    for (const std::string& id : own)
      if (std::find(interaction_ids_.begin(), interaction_ids_.end(), id) == interaction_ids_.end())
        interaction_ids_.push_back(id);
    ids = interaction_ids_;
  }
  if (ids.empty()) return;
  correlator->hold(ids, std::make_shared<HttpLateEvent>(HttpLateEvent::Source{
                            plan_, execution_, request.names, fields, history_}));
}

void HttpRun::remember(const operators::Verdict& verdict) {
  for (const auto& [name, values] : verdict.internal) dynamic_[name] = values;
}

void HttpRun::export_values(const operators::Verdict& verdict) {
  dsl::Variables out;
  for (const auto& [name, values] : verdict.internal) {
    if (values.size() == 1 || plan_.flow) {
      out.set(name, values.size() == 1 ? dsl::Value(values.front()) : dsl::Value(values));
      continue;
    }
    out.set(name, values.front());
    for (std::size_t i = 1; i < values.size(); ++i) out.set(name + std::to_string(i), values[i]);
  }
  execution_->context.merge(out);
}

void HttpRun::export_fields(const HttpEvent& event) {
  dsl::Variables out;
  const auto take = [&](std::string_view field) {
    const dsl::Value* value = event.fields().find(field);
    if (value != nullptr) out.set(plan_.id + "_" + std::string(field), *value);
  };
  if (plan_.exports_all) event.fields().each_name(take);
  for (const std::string& field : plan_.exported_fields) take(field);
  execution_->context.merge(out);
}

void HttpRun::report(model::Finding finding) {
  ++outcome_.findings;
  execution_->scan.observer.finding(std::move(finding));
}

void HttpRun::keep_unmatched(model::Finding finding) const {
  finding.matched = false;
  execution_->unmatched = std::make_shared<model::Finding>(std::move(finding));
}

void HttpRun::remember_failure(const InFlight& request, const Error& error) const {
  const net::Url& url = execution_->target.url;
  model::Finding finding;
  finding.info = execution_->whole_info();
  finding.host = url.host;
  if (const auto port = url.effective_port(); port != 0) finding.port = std::to_string(port);
  finding.scheme = url.scheme;
  finding.url = url.to_string();
  finding.path = url.path;
  if (!execution_->scan.settings.omit_raw) finding.request = request.sent->bytes;
  finding.timestamp = execution_->scan.services.clock().wall();
  finding.error = error.message;
  keep_unmatched(std::move(finding));
}

void HttpRun::warn(std::string_view text) {
  execution_->scan.observer.warning(fmt::format("[{}] {}", execution_->info->id, text));
}

void HttpRun::stop(Status why) {
  stopped_ = true;
  if (!why.ok()) outcome_.status = std::move(why);
}

void HttpRun::count_progress(int requests) {
  requests = std::min(requests, progress_left_);
  if (requests == 0) return;
  progress_left_ -= requests;
  execution_->scan.observer.progress(requests);
}

void HttpRun::finish_if_over() {
  if (in_flight_ > 0 || !done_) return;
  if (!stopped_ && has_next() && !plan_.entries.empty()) return;
  count_progress(progress_left_);
  Block::Done done = std::move(done_);
  done_ = nullptr;
  done(std::move(outcome_));
}

}  // namespace m8::protocols
