#include "enumerate/engine.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace m8::enumerate {
namespace {

using dns::Fate;
using dns::Rcode;
using dns::ResolverPool;
using dns::RrType;

/// Tokens at the resolver: jobs as they are, controls with this bit.
constexpr std::uint64_t kControlBit = std::uint64_t{1} << 32;
constexpr std::size_t kMostZones = 100'000;
/// Names remembered as not existing, so that nothing below them is asked for.
constexpr std::size_t kMostPruned = 1u << 18;
/// A name with the wildcard's records is believed to exist after so many denials below it: the
/// first may be an accident.
constexpr int kDenialsForShared = 2;
constexpr std::size_t kLongestName = 253;

void add_one(std::atomic<std::uint64_t>& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

std::string parent_of(const std::string& name) { return name.substr(name.find('.') + 1); }

std::string_view first_label(std::string_view name) { return name.substr(0, name.find('.')); }

WildcardVerdict::Need need_of(const Candidate& candidate) {
  using Need = WildcardVerdict::Need;
  if (!candidate.guess) return Need::kSeen;
  return like_label(first_label(candidate.name)).empty() ? Need::kGuess : Need::kLongGuess;
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
  engine->resolver_ = M8_TRY(dns::Resolver::create(resolver, engine->poller_, *engine, clock));
  engine->make_jobs(engine->resolver_->capacity());
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
      apex_state_(options_.apexes.size(), Apex::kUnknown) {}

void Engine::Job::restart(Candidate& next) {
  std::swap(candidate, next);
  values.clear();
  resolver.clear();
  type = candidate.question.value_or(RrType::kA);
  complete = below_now = weighed = opinion_now = false;
  opinions_lost = 0;
  giver = denier = ResolverPool::kNone;
  below = Below::kNotAsked;
  denials = 0;
  proof = Proof::kNone;
  failure.reset();
}

void Engine::make_jobs(std::size_t count) {
  jobs_.resize(count);
  for (std::size_t i = count; i-- > 0;) free_.push_back(static_cast<Index>(i));
}

Status Engine::run(std::stop_token stop) {
  const std::stop_callback stopping(stop, [this] { poller_.wake(); });
  SteadyTime patience = SteadyTime::max();  // with what is under way, after a stop
  while (!ended_ || !nothing_under_way()) {
    if (stop.stop_requested()) {
      ended_ = true;
      patience = std::min(patience, clock_.now() + options_.stop_grace);
    }
    room();
    resolver_->flush();
    if (ended_ && nothing_under_way()) break;
    poller_.poll(std::chrono::milliseconds(100));
    if (clock_.now() >= patience) break;
    M8_TRY(resolver_->hopeless());
  }
  if (stop.stop_requested()) return Error{ErrorCode::kCancelled, "interrupted"};
  return source_status_;
}

// ---- asking -------------------------------------------------------------------------------------

void Engine::room() {
  ask_opinions();
  ask_pending();
  Candidate candidate;
  while (!ended_ && pending_.empty() && !free_.empty() && resolver_->has_room()) {
    if (!pull(candidate)) return;
    const Index index = free_.back();
    free_.pop_back();
    jobs_[index].restart(candidate);
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
      continue;
    }
    const Job& job = jobs_[index];
    const std::string& name = job.candidate.name;
    if (resolver_->ask(job.below_now ? below(name) : name, job.type, token)) continue;
    job.candidate.question ? question_ended(index, nullptr) : fail(index, "can't be asked");
  }
}

void Engine::ask_opinions() {
  using Others = ResolverPool::Others;
  while (!opinions_.empty() && resolver_->has_room()) {
    const Index index = opinions_.front();
    opinions_.pop_front();
    Job& job = jobs_[index];
    const dns::Spoken spoken{job.giver, job.denier};
    const Others others = resolver_->others(spoken);
    if (others == Others::kLater) return opinions_.push_back(index);
    job.opinion_now =
        others == Others::kNow && resolver_->ask(job.candidate.name, job.type, index, spoken);
    if (!job.opinion_now) no_other_opinion(index);
  }
}

bool Engine::pull(Candidate& candidate) {
  // One goes on in any case: its end is when the next is thought of.
  if (options_.memory && options_.memory->tight() && !nothing_under_way()) return false;
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
  candidate.ticket = 0;
  candidate.question.reset();
  candidate.source = "input";
  return true;
}

bool Engine::wanted(const Candidate& candidate) {
  std::optional<Verdict> verdict;
  // What somebody saw is asked for by itself: only so it is known to be gone.
  const bool needs_apex = candidate.guess || candidate.question;
  if (apex_state_[candidate.apex] == Apex::kDead && needs_apex) {
    verdict = Verdict::kNotAsked;
  } else if (!scope_.allows_host(candidate.name)) {
    verdict = Verdict::kOutOfScope;
  } else if (verdict = pruned(candidate); verdict) {
    add_one(counts_.tried);
  }
  if (!verdict) return true;
  if (candidate.question) {
    candidates_.answered(candidate, nullptr);
    return false;
  }
  add_one(counter_of(*verdict));
  candidates_.finished(candidate, *verdict);
  return false;
}

std::optional<Verdict> Engine::pruned(const Candidate& candidate) const {
  if (!candidate.guess) return std::nullopt;
  const std::size_t apex_size = options_.apexes[candidate.apex].text().size();
  std::string_view above = candidate.name;
  for (;;) {
    above.remove_prefix(above.find('.') + 1);
    if (above.size() <= apex_size) return std::nullopt;
    const auto found = pruned_.find(seeded_hash(above));
    if (found != pruned_.end()) return found->second;
  }
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
  if (job.below_now) return below_replied(index, reply);
  if (job.opinion_now) return opinion_replied(index, reply);
  const Candidate& candidate = job.candidate;
  if (candidate.question) return question_ended(index, exists(reply) ? &reply : nullptr);
  if (reply.fate != Fate::kAnswered) return fail(index, to_string(reply.fate));
  if (!exists(reply)) {
    job.failure = reply.rcode();
    return weigh(index);
  }
  if (candidate.is_apex) apex_state_[candidate.apex] = Apex::kAnswers;
  job.values.add(reply.message, job.type);
  job.resolver = reply.server;
  if (job.giver == ResolverPool::kNone && !job.values.empty()) job.giver = reply.who;
  // NXDOMAIN after an alias speaks of the alias' target: the name itself exists.
  const bool denied = reply.rcode() == Rcode::kNxDomain;
  if (denied && job.values.empty()) {
    if (candidate.is_apex) {
      apex_state_[candidate.apex] = Apex::kDead;
      add_one(counts_.dead_apexes);
      return fail(index, "no such domain");
    }
    return finish(index, Verdict::kDenied);
  }
  job.complete = denied || job.type == RrType::kAaaa;
  weigh(index);
}

void Engine::question_ended(Index index, const dns::Reply* reply) {
  add_one(counts_.questions);
  candidates_.answered(jobs_[index].candidate, reply);
  free_.push_back(index);
}

void Engine::weigh(Index index) {
  const Job& job = jobs_[index];
  if (job.candidate.is_apex && job.failure) return fail(index, to_string(*job.failure));
  const bool settled = job.candidate.is_apex || job.proof != Proof::kNone;
  if (settled || (job.values.empty() && !job.failure)) return go_on(index);
  judge(index);
}

void Engine::go_on(Index index) {
  Job& job = jobs_[index];
  if (!job.complete) {
    job.type = RrType::kAaaa;
    pending_.push_back(index);
    return;
  }
  if (job.values.empty()) return finish(index, Verdict::kEmpty);
  if (!job.values.has(RrType::kA) && !job.values.has(RrType::kAaaa)) {
    keep(sink_.outcome({model::Outcome::Kind::kSkipped, job.candidate.name, "resolve",
                        "alias of " + job.values.of(RrType::kCname).back() + ": no address"}));
    return finish(index, Verdict::kDangling);
  }
  if (!wants_opinion(job)) return confirm(index);
  job.type = job.values.has(RrType::kA) ? RrType::kA : RrType::kAaaa;
  opinions_.push_back(index);
}

// ---- a second opinion ---------------------------------------------------------------------------

bool Engine::wants_opinion(const Job& job) const {
  const auto& resolver = options_.resolver;
  const bool alone = resolver.servers.size() < 2 || !resolver.trusted.empty() || !resolver.check;
  return !alone && !job.candidate.is_apex && !confirmed_.contains(job.candidate.name);
}

/// One that agrees is enough; two that deny the name make it a lie.
void Engine::opinion_replied(Index index, const dns::Reply& reply) {
  constexpr int kMostLost = 4;
  Job& job = jobs_[index];
  job.opinion_now = false;
  if (exists(reply)) {
    dns::AnswerValues values;
    values.add(reply.message, job.type);
    if (!values.empty()) return confirm(index);
    if (job.denier != ResolverPool::kNone) {
      add_one(counts_.contradicted);
      return finish(index, Verdict::kDenied);
    }
    job.denier = reply.who;
  } else if (++job.opinions_lost >= kMostLost) {
    return fail(index, "no second resolver answers");
  }
  opinions_.push_back(index);
}

void Engine::no_other_opinion(Index index) {
  if (jobs_[index].denier != ResolverPool::kNone) return fail(index, "resolvers disagree");
  if (!std::exchange(told_of_one_, true))
    log::get("enumerate")->warn("only one resolver answers: its word alone has to do");
  confirm(index);
}

// ---- wildcards ----------------------------------------------------------------------------------

Engine::Zones::value_type& Engine::zone_of(const std::string& name) {
  if (zones_.size() >= kMostZones) forget_zones();
  return *zones_.try_emplace(parent_of(name)).first;
}

/// What is needed again is tested again.
void Engine::forget_zones() {
  std::erase_if(zones_, [](const auto& zone) { return !zone.second.asking; });
}

void Engine::wait_for_controls(Zones::value_type& entry, Index index) {
  entry.second.waiting.push_back(index);
  if (!entry.second.asking) start_control(entry);
}

void Engine::judge(Index index) {
  Job& job = jobs_[index];
  auto& entry = zone_of(job.candidate.name);
  WildcardVerdict& verdict = entry.second.verdict;
  if (!verdict.settled(need_of(job.candidate))) return wait_for_controls(entry, index);
  if (job.failure) {
    // A zone that fails for every name tells nothing of this one; a domain that fails altogether
    // has no wildcard.
    const bool like_any =
        verdict.fails_with(*job.failure) && apex_state_[job.candidate.apex] == Apex::kAnswers;
    return like_any ? finish(index, Verdict::kWildcard) : fail(index, to_string(*job.failure));
  }
  if (verdict.none()) return proven(index, Proof::kOwnRecords);
  const bool covered = verdict.covers(job.candidate.name, job.values);
  const int needed = covered ? kDenialsForShared : 1;
  const bool undecided =
      job.below == Below::kNotAsked || (job.below == Below::kDenied && job.denials < needed);
  if (undecided && !verdict.selective()) return ask_below(index);
  if (job.below == Below::kDenied)
    return proven(index, covered ? Proof::kShared : Proof::kOwnRecords);
  // A pool may have parts not seen yet; but a wildcard of the name's own would give other records.
  const bool of_the_pool = verdict.rotating() && job.below == Below::kLikeAny;
  if (covered || of_the_pool || verdict.unbounded()) return unproven(index);
  if (job.weighed) return proven(index, Proof::kOwnRecords);
  job.weighed = true;
  verdict.weigh_again();
  wait_for_controls(entry, index);
}

void Engine::proven(Index index, Proof proof) {
  if (proof == Proof::kShared && options_.strict_wildcard) return finish(index, Verdict::kWildcard);
  jobs_[index].proof = proof;
  go_on(index);
}

void Engine::unproven(Index index) {
  const Job& job = jobs_[index];
  // Where random labels are denied there is nothing to compare its page with.
  if (options_.ties_to_sink && !zone_of(job.candidate.name).second.verdict.selective()) {
    model::Hostname record = record_of(job);
    record.wildcard = "shared";
    using Tie = model::Hostname::Tie;
    record.tie = job.candidate.guess ? Tie::kGuess : Tie::kSeen;
    keep(sink_.hostname(record));
    return finish(index, Verdict::kWildcard);
  }
  if (job.candidate.guess) return finish(index, Verdict::kWildcard);
  proven(index, Proof::kShared);
}

std::string Engine::below(const std::string& name) const {
  const std::size_t room = kLongestName - 1 - std::min(name.size(), kLongestName - 1);
  return random_label().substr(0, room) + "." + name;
}

/// A control of the kind that is wanted next; a word where nothing that waits can be imitated.
std::string Engine::control_below(Zones::value_type& entry) const {
  using Label = WildcardVerdict::Label;
  auto& [name, zone] = entry;
  std::string label;
  for (auto at = zone.waiting.begin(); zone.label == Label::kLike && at != zone.waiting.end(); ++at)
    if (label = like_label(first_label(jobs_[*at].candidate.name)); !label.empty()) break;
  if (label.empty() && zone.label != Label::kRandom) {
    zone.label = Label::kWord;
    label = random_word();
  }
  if (label.empty() || label.size() + 1 + name.size() > kLongestName) return below(name);
  return label + "." + name;
}

void Engine::ask_below(Index index) {
  Job& job = jobs_[index];
  if (job.candidate.name.size() + 8 > kLongestName) {
    job.below = Below::kAnswered;  // no room for a label: nothing can be proven there
    return judge(index);
  }
  job.below_now = true;
  pending_.push_back(index);
}

void Engine::below_replied(Index index, const dns::Reply& reply) {
  Job& job = jobs_[index];
  job.below_now = false;
  if (!exists(reply)) {
    const bool answered = reply.fate == Fate::kAnswered;
    return fail(index, std::string("wildcard test: ") +
                           (answered ? to_string(reply.rcode()) : to_string(reply.fate)));
  }
  dns::AnswerValues values;
  values.add(reply.message, job.type);
  if (values.empty()) {
    job.below = Below::kDenied;
    ++job.denials;
  } else {
    const bool like_any = zone_of(job.candidate.name).second.verdict.covers("", values);
    job.below = like_any ? Below::kLikeAny : Below::kAnswered;
  }
  judge(index);
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
  zone.label = zone.verdict.next_label();
  zone.control = control_below(entry);
  pending_.push_back(kControlBit | token);
}

void Engine::control_replied(Index token, const dns::Reply& reply) {
  auto& entry = *controls_[token];
  auto& [name, zone] = entry;
  const bool told = exists(reply);
  if (told) zone.values.add(reply.message, zone.type);
  const bool denied = told && reply.rcode() == Rcode::kNxDomain;
  if (zone.type == RrType::kA && told && !denied) {
    zone.type = RrType::kAaaa;
    pending_.push_back(kControlBit | token);
    return;
  }
  if (told || !zone.values.empty()) {
    zone.verdict.control(zone.control, zone.values, zone.label);
  } else {
    const bool answered = reply.fate == Fate::kAnswered;
    zone.verdict.control_failed(answered ? std::optional(reply.rcode()) : std::nullopt, zone.label);
  }
  zone.asking = false;
  controls_[token] = nullptr;
  free_controls_.push_back(token);
  tell_wildcard(entry);
  for (const Index index : std::exchange(zone.waiting, {})) judge(index);
}

void Engine::tell_wildcard(Zones::value_type& entry) {
  auto& [name, zone] = entry;
  const WildcardVerdict& verdict = zone.verdict;
  if (zone.told || !verdict.settled(WildcardVerdict::Need::kLongGuess)) return;
  zone.told = true;
  if (verdict.failed()) {
    log::get("enumerate")
        ->warn("wildcard test failed zone={}: names below it are not proven", name);
  }
  if (verdict.none()) return;
  add_one(counts_.wildcard_zones);
  keep(sink_.outcome({model::Outcome::Kind::kDone, name, "wildcard", verdict.evidence()}));
}

// ---- ends ---------------------------------------------------------------------------------------

model::Hostname Engine::record_of(const Job& job) const {
  model::Hostname record;
  record.domain = options_.apexes[job.candidate.apex].text();
  record.hostname = job.candidate.name;
  record.sources = {job.candidate.source};
  record.first_seen = record.last_seen = clock_.wall();
  record.a = job.values.of(RrType::kA);
  record.aaaa = job.values.of(RrType::kAaaa);
  record.cname = job.values.of(RrType::kCname);
  record.resolver = job.resolver;
  return record;
}

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
  model::Hostname record = record_of(job);
  // An address of the other family may have been its own after all.
  const auto zone = zones_.find(parent_of(candidate.name));
  const bool shared = job.proof == Proof::kShared && zone != zones_.end() &&
                      zone->second.verdict.covers(candidate.name, job.values);
  if (shared) record.wildcard = "shared";
  if (shared) add_one(counts_.shared);
  keep(sink_.hostname(record));
  candidates_.found(candidate, record);
  finish(index, Verdict::kFound);
}

void Engine::remember(const model::Hostname& record) {
  Candidate candidate;
  candidate.name = record.hostname;
  const auto owner =
      std::find_if(options_.apexes.begin(), options_.apexes.end(),
                   [&record](const net::Name& apex) { return apex.text() == record.domain; });
  if (owner == options_.apexes.end()) return;
  candidate.apex = static_cast<std::size_t>(owner - options_.apexes.begin());
  if (!record.sources.empty()) candidate.source = record.sources.front();
  confirmed_[record.hostname] = record.sources;
  candidates_.found(candidate, record);
}

void Engine::fail(Index index, const std::string& reason) {
  const Candidate& candidate = jobs_[index].candidate;
  if (candidate.is_apex) add_one(counts_.failed_apexes);
  keep(sink_.outcome({model::Outcome::Kind::kFailed, candidate.name, "resolve", reason}));
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
  const Candidate& candidate = jobs_[index].candidate;
  const bool nothing_below =
      verdict == Verdict::kDenied || (verdict == Verdict::kWildcard && !options_.ties_to_sink);
  if (nothing_below && pruned_.size() < kMostPruned)
    pruned_.emplace(seeded_hash(candidate.name), verdict);
  candidates_.finished(candidate, verdict);
  free_.push_back(index);
}

void Engine::keep(const Status& status) {
  if (status.ok()) return;
  add_one(counts_.sink_errors);
  if (sink_status_.ok()) sink_status_ = status;
}

}  // namespace m8::enumerate
