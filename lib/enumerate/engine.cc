#include "enumerate/engine.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "dns/server_list.h"

namespace m8::enumerate {
namespace {

using dns::Fate;
using dns::Rcode;
using dns::RrType;

/// Tokens at the resolver: jobs as they are, controls with this bit.
constexpr std::uint64_t kControlBit = std::uint64_t{1} << 32;
/// A wildcard may give out rotating parts of a pool: controls are asked until enough in a row teach
/// nothing new. One that has not rotated yet needs a few; one that has taught n times needs 8 n,
/// which leaves a chance of e^-8 to have missed a part of a pool of n. Up to a number for each
/// zone.
constexpr int kQuietControls = 3;
constexpr int kQuietPerLesson = 8;
constexpr int kMostControls = 128;
constexpr std::size_t kMostZones = 100'000;

void add_one(std::atomic<std::uint64_t>& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

bool exists(const dns::Reply& reply) {
  return reply.fate == Fate::kAnswered &&
         (reply.rcode() == Rcode::kNoError || reply.rcode() == Rcode::kNxDomain);
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::create(EngineOptions options, CandidateSource& candidates,
                                               const net::Scope& scope, model::Sink& sink,
                                               Clock& clock) {
  net::Poller poller = M8_TRY(net::Poller::create());
  std::unique_ptr<Engine> engine(
      new Engine(std::move(options), scope, sink, clock, std::move(poller)));
  const auto& resolver = engine->options_.resolver;
  engine->make_jobs(resolver.in_flight);
  engine->resolver_ = M8_TRY(dns::Resolver::create(resolver, engine->poller_, *engine, clock));
  engine->candidates_.add(candidates);
  engine->candidates_.on_more([raw = engine.get()] { raw->poller_.wake(); });
  return engine;
}

Engine::Engine(EngineOptions options, const net::Scope& scope, model::Sink& sink, Clock& clock,
               net::Poller poller)
    : options_(std::move(options)),
      scope_(scope),
      sink_(sink),
      clock_(clock),
      poller_(std::move(poller)),
      dead_apex_(options_.apexes.size(), false) {}

void Engine::make_jobs(std::size_t count) {
  jobs_.resize(count);
  for (std::size_t i = count; i-- > 0;) free_.push_back(static_cast<Index>(i));
}

Status Engine::run(std::stop_token stop) {
  const std::stop_callback stopping(stop, [this] { poller_.wake(); });
  while (!ended_ || !nothing_under_way()) {
    if (stop.stop_requested()) ended_ = true;
    room();
    resolver_->flush();
    if (ended_ && nothing_under_way()) break;
    poller_.poll(std::chrono::milliseconds(100));
    if (resolver_->nobody_answers()) {
      return Error{ErrorCode::kNetwork,
                   "no resolver answers: " + dns::describe(resolver_->servers())};
    }
  }
  if (stop.stop_requested()) return Error{ErrorCode::kCancelled, "interrupted"};
  return source_status_;
}

// ---- asking -------------------------------------------------------------------------------------

void Engine::room() {
  ask_pending();
  Candidate candidate;
  while (!ended_ && pending_.empty() && !free_.empty() && resolver_->has_room()) {
    if (!pull(candidate)) return;
    const Index index = free_.back();
    free_.pop_back();
    Job& job = jobs_[index];
    std::swap(job.candidate, candidate);
    job.values.clear();
    job.type = RrType::kA;
    job.resolver.clear();
    job.weighed = false;
    pending_.push_back(index);
    ask_pending();
  }
}

void Engine::ask_pending() {
  while (!pending_.empty() && resolver_->has_room()) {
    const std::uint64_t token = pending_.front();
    pending_.pop_front();
    const auto index = static_cast<Index>(token);
    if ((token & kControlBit) != 0) {
      const Zone& zone = controls_[index]->second;
      (void)resolver_->ask(zone.control, zone.type, token);
    } else if (!resolver_->ask(jobs_[index].candidate.name, jobs_[index].type, token)) {
      fail(index, "can't be asked");
    }
  }
}

bool Engine::pull(Candidate& candidate) {
  for (;;) {
    if (!next_apex(candidate)) {
      const auto next = candidates_.next(candidate);
      if (!next.ok()) {
        if (source_status_.ok()) source_status_ = next.error();
        continue;
      }
      ended_ = *next == CandidateSource::Next::kEnd ||
               (*next == CandidateSource::Next::kNeedsFinds && nothing_under_way());
      if (*next != CandidateSource::Next::kCandidate) return false;
    }
    if (wanted(candidate)) return true;
  }
}

bool Engine::next_apex(Candidate& candidate) {
  candidate.is_apex = next_apex_ < options_.apexes.size();
  if (!candidate.is_apex) return false;
  candidate.name = options_.apexes[next_apex_].text();
  candidate.apex = next_apex_++;
  candidate.guess = false;
  candidate.source = "input";
  return true;
}

bool Engine::wanted(const Candidate& candidate) {
  if (dead_apex_[candidate.apex]) {
    add_one(counts_.dead_apex);
    candidates_.finished(candidate, Verdict::kNotAsked);
    return false;
  }
  if (scope_.allows_host(candidate.name)) return true;
  add_one(counts_.out_of_scope);
  candidates_.finished(candidate, Verdict::kOutOfScope);
  return false;
}

// ---- answers ------------------------------------------------------------------------------------

void Engine::replied(const dns::Reply& reply) {
  const auto index = static_cast<Index>(reply.token);
  if ((reply.token & kControlBit) != 0) {
    control_replied(index, reply);
  } else {
    job_replied(index, reply);
  }
}

void Engine::job_replied(Index index, const dns::Reply& reply) {
  Job& job = jobs_[index];
  if (reply.fate != Fate::kAnswered) return fail(index, to_string(reply.fate));
  if (!exists(reply)) return fail(index, to_string(reply.rcode()));
  job.values.add(reply.message, job.type);
  job.resolver = reply.server;
  // NXDOMAIN after an alias speaks of the alias' target: the name itself exists.
  const bool denied = reply.rcode() == Rcode::kNxDomain;
  if (denied && job.values.empty()) {
    if (job.candidate.is_apex) dead_apex_[job.candidate.apex] = true;
    if (job.candidate.is_apex) return fail(index, "no such domain");
    return finish(index, Verdict::kDenied);
  }
  if (denied || job.type == RrType::kAaaa) return answers_complete(index);
  job.type = RrType::kAaaa;
  pending_.push_back(index);
}

void Engine::answers_complete(Index index) {
  const Job& job = jobs_[index];
  if (job.values.empty()) return finish(index, Verdict::kEmpty);
  if (!job.values.has(RrType::kA) && !job.values.has(RrType::kAaaa)) {
    keep(sink_.outcome({model::Outcome::Kind::kSkipped, job.candidate.name, "resolve",
                        "alias of " + job.values.of(RrType::kCname).back() + ": no address"}));
    return finish(index, Verdict::kDangling);
  }
  if (!job.candidate.is_apex) return judge(index);
  confirm(index);
}

// ---- wildcards ----------------------------------------------------------------------------------

Engine::Zones::value_type& Engine::zone_of(const std::string& name) {
  if (zones_.size() >= kMostZones) forget_zones();
  return *zones_.try_emplace(name.substr(name.find('.') + 1)).first;
}

/// What is needed again is tested again.
void Engine::forget_zones() {
  std::erase_if(zones_, [](const auto& zone) { return !zone.second.asking; });
}

bool Engine::Zone::settled() const {
  if (controls == 0) return false;
  const int enough = lessons > 1 ? kQuietPerLesson * lessons : kQuietControls;
  return wildcard.none() || quiet >= enough || controls >= kMostControls;
}

void Engine::judge(Index index) {
  Job& job = jobs_[index];
  auto& entry = zone_of(job.candidate.name);
  Zone& zone = entry.second;
  if (zone.wildcard.covers(job.candidate.name, job.values))
    return finish(index, Verdict::kWildcard);
  if (zone.settled()) {
    if (zone.wildcard.none() || job.weighed) return confirm(index);
    // Other records than the wildcard's known ones: a real name, or a part of a pool not seen yet.
    job.weighed = true;
    zone.quiet = 0;
  }
  zone.waiting.push_back(index);
  if (!zone.asking) start_control(entry);
}

void Engine::start_control(Zones::value_type& entry) {
  Zone& zone = entry.second;
  if (free_controls_.empty()) {
    free_controls_.push_back(static_cast<Index>(controls_.size()));
    controls_.push_back(nullptr);
  }
  const Index token = free_controls_.back();
  free_controls_.pop_back();
  controls_[token] = &entry;
  zone.asking = true;
  zone.type = RrType::kA;
  zone.values.clear();
  // A zone too deep for 16 more letters gets as many as go in.
  zone.control = random_label().substr(0, 252 - std::min<std::size_t>(entry.first.size(), 251)) +
                 "." + entry.first;
  pending_.push_back(kControlBit | token);
}

void Engine::control_replied(Index token, const dns::Reply& reply) {
  auto& [name, zone] = *controls_[token];
  const bool told = exists(reply);
  if (told) zone.values.add(reply.message, zone.type);
  const bool denied = told && reply.rcode() == Rcode::kNxDomain;
  if (zone.type == RrType::kA && !denied) {
    zone.type = RrType::kAaaa;
    pending_.push_back(kControlBit | token);
    return;
  }
  if (!told) {
    log::get("enumerate")
        ->warn("wildcard test failed zone={}: names below it are not proven", name);
  }
  const bool taught = zone.wildcard.learn(zone.control, zone.values);
  zone.quiet = taught ? 0 : zone.quiet + 1;
  zone.lessons += taught ? 1 : 0;
  ++zone.controls;
  zone.asking = false;
  controls_[token] = nullptr;
  free_controls_.push_back(token);
  for (const Index index : std::exchange(zone.waiting, {})) judge(index);
}

// ---- ends ---------------------------------------------------------------------------------------

void Engine::confirm(Index index) {
  const Job& job = jobs_[index];
  const Candidate& candidate = job.candidate;
  auto& sources = confirmed_[candidate.name];
  if (std::find(sources.begin(), sources.end(), candidate.source) != sources.end())
    return finish(index, Verdict::kRepeated);
  sources.push_back(candidate.source);
  if (sources.size() > 1) {
    // Records are written once; who else saw the name is told as an outcome.
    keep(sink_.outcome({model::Outcome::Kind::kDone, candidate.name, "seen", candidate.source}));
    return finish(index, Verdict::kRepeated);
  }
  model::Hostname record;
  record.domain = options_.apexes[candidate.apex].text();
  record.hostname = candidate.name;
  record.sources = {candidate.source};
  record.first_seen = record.last_seen = clock_.wall();
  record.a = job.values.of(RrType::kA);
  record.aaaa = job.values.of(RrType::kAaaa);
  record.cname = job.values.of(RrType::kCname);
  record.resolver = job.resolver;
  keep(sink_.hostname(record));
  candidates_.found(candidate, record);
  finish(index, Verdict::kFound);
}

void Engine::fail(Index index, const char* reason) {
  keep(sink_.outcome(
      {model::Outcome::Kind::kFailed, jobs_[index].candidate.name, "resolve", reason}));
  finish(index, Verdict::kFailed);
}

std::atomic<std::uint64_t>& Engine::counter_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kFound:
      return counts_.found;
    case Verdict::kRepeated:
      return counts_.repeated;
    case Verdict::kDenied:
      return counts_.denied;
    case Verdict::kEmpty:
      return counts_.empty;
    case Verdict::kDangling:
      return counts_.dangling;
    case Verdict::kWildcard:
      return counts_.wildcard;
    case Verdict::kOutOfScope:
      return counts_.out_of_scope;
    case Verdict::kNotAsked:
      return counts_.dead_apex;
    case Verdict::kFailed:
      break;
  }
  return counts_.failed;
}

void Engine::finish(Index index, Verdict verdict) {
  add_one(counter_of(verdict));
  add_one(counts_.tried);
  candidates_.finished(jobs_[index].candidate, verdict);
  free_.push_back(index);
}

void Engine::keep(const Status& status) {
  if (status.ok()) return;
  add_one(counts_.sink_errors);
  if (sink_status_.ok()) sink_status_ = status;
}

}  // namespace m8::enumerate
