// Which resolvers are asked: who is silent is left alone for a while, who lies for good.
#include <algorithm>

#include "base/log.h"
#include "dns/resolver.h"
#include "dns/server_list.h"

namespace m8::dns {
namespace {

using State = InflightTable::State;
using Standing = Upstream::Standing;

/// Attempts without any answer after which all is hopeless: at the start, and later.
constexpr std::uint64_t kFailuresAtStart = 64;
constexpr std::uint64_t kFailuresLater = 256;
constexpr std::chrono::milliseconds kLongAtStart{1000}, kLongLater{5000};
/// Failures in a row after which a resolver is left alone, and for how long.
constexpr int kSilence = 12;
constexpr std::chrono::milliseconds kSilenceTime{400};
/// A loss counts so much in what a resolver is known to lose of late.
constexpr double kLossWeight = 1.0 / 32;
constexpr std::chrono::milliseconds kFirstQuarantine{1000};
constexpr std::chrono::milliseconds kLongestQuarantine{60'000};
/// A canary is due when so many answers wait for it, or at the next tick.
constexpr std::size_t kHeldPerCanary = 64;
/// So many canaries in a row have to be honest after an answer: who lies to half of the questions
/// passes one of them half of the time.
constexpr int kHonestCanaries = 3;
/// Canaries lost in a row after which held answers are asked for elsewhere.
constexpr int kCanariesLost = 6;
/// Canaries lost in a row after which an unvetted resolver is left alone for a while.
constexpr int kVettingLost = 64;
constexpr std::chrono::seconds kVettingPause{10};

}  // namespace

Status Resolver::hopeless() const {
  const bool early = answers_ == 0;
  const std::uint64_t many = early ? kFailuresAtStart : kFailuresLater;
  // A machine that stands still for a moment makes everything under way late at once: what was sent
  // well after that has to be lost too.
  const auto lasted = early ? clock_.now() - silent_since_ : lost_of_late_ - silent_since_;
  const auto enough = early ? std::min(options_.timeout, kLongAtStart) : kLongLater;
  const bool silent = failures_since_answer_ >= many && lasted >= enough;
  // Where most are dead at the start, the canaries of these fail before the others' come back.
  const bool hopes = checking_ && early && pool_.others({}) != ResolverPool::Others::kNone;
  if ((silent || refusals_since_answer_ >= many) && !hopes)
    return Error{ErrorCode::kNetwork, "no resolver answers: " + describe(servers())};
  if (counts_.liars > 0 && counts_.liars == options_.servers.size())
    return Error{ErrorCode::kProtocol, "every resolver lies: " + describe(servers())};
  return {};
}

/// An address from a resolver that nobody vouches for is asked of one that is trusted.
bool Resolver::wants_confirmation(const Slot& slot, const Header& header) const {
  return pool_.has_trusted() && !pool_[slot.upstream].trusted && header.answers > 0;
}

// ---- silence ------------------------------------------------------------------------------------

void Resolver::count_failure(Index index, Fate fate) {
  if (failures_since_answer_++ == 0) silent_since_ = clock_.now();
  lost_of_late_ = std::max(lost_of_late_, table_[index].sent);
  if (fate == Fate::kNetwork) ++refusals_since_answer_;
}

void Resolver::fared(Upstream& upstream, bool well) {
  upstream.loss += ((well ? 0 : 1) - upstream.loss) * kLossWeight;
  if (upstream.loss < 1e-6) upstream.loss = 0;  // the smallest numbers are slow
  if (well) {
    upstream.failures_in_a_row = 0;
    upstream.last_quarantine = {};
    upstream.last_answer = now_;
  } else if (++upstream.failures_in_a_row >= kSilence && upstream.usable() &&
             clock_.now() - upstream.last_answer >= kSilenceTime &&
             pool_.has_alternative(upstream)) {
    quarantine(upstream);
  }
}

void Resolver::quarantine(Upstream& upstream) {
  upstream.last_quarantine =
      std::clamp(upstream.last_quarantine * 2, kFirstQuarantine, kLongestQuarantine);
  upstream.quarantine_ends = clock_.now() + upstream.last_quarantine;
  upstream.quarantined = true;
  ++quarantined_;
  ++counts_.quarantines;
  log::get("dns")->info("resolver silent, left alone resolver={} seconds={}", upstream.text,
                        upstream.last_quarantine.count() / 1000);
  doubt_all(upstream);
}

void Resolver::end_quarantines() {
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    Upstream& upstream = pool_[i];
    // The last one left has to do, silent or not.
    if (!upstream.quarantined) continue;
    if (now_ < upstream.quarantine_ends && pool_.has_alternative(upstream)) continue;
    upstream.quarantined = false;
    --quarantined_;
    // One more failure and it goes back, for twice as long.
    upstream.failures_in_a_row = kSilence - 4;
    upstream.window.restart(now_);
  }
}

// ---- canaries -----------------------------------------------------------------------------------

void Resolver::vet() {
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    Upstream& upstream = pool_[i];
    if (upstream.standing != Standing::kUnvetted) continue;
    if (upstream.canaries_lost >= kVettingLost) {
      upstream.canaries_lost = 0;
      upstream.given_up = true;
      upstream.quarantine_ends = now_ + kVettingPause;
    }
    if (now_ < upstream.quarantine_ends) continue;
    while (upstream.vetted + upstream.canaries_out < static_cast<int>(kVetting))
      if (!send_canary(upstream)) break;
  }
}

bool Resolver::send_canary(Upstream& upstream) {
  const Index index = table_.take();
  if (index == InflightTable::kNone) return false;
  Slot& slot = table_[index];
  Canaries::Question& question = canary_questions_[index];
  question = canaries_.next(upstream.index);
  const QueryOptions query{slot.id, question.type, options_.recursion_desired, 0};
  slot.query_size = static_cast<std::uint16_t>(write_query(slot.query, question.name, query));
  slot.internal = true;
  if (options_.mix_case) mix_case(slot);
  if (limiter_) (void)limiter_->reserve({});  // it counts, and does not wait
  ++canaries_out_;
  ++counts_.canaries;
  ++upstream.canaries_out;
  const auto reserved = reserved_;
  enqueue(index, upstream);
  reserved_ = reserved;
  return true;
}

void Resolver::canary_answered(Index index, Bytes message, bool well_formed) {
  Upstream& upstream = pool_[table_[index].upstream];
  const Canaries::Question question = canary_questions_[index];
  table_.release(index);
  canary_ended(upstream);
  if (!well_formed) {
    ++upstream.canaries_lost;
    return;
  }
  upstream.canaries_lost = 0;
  upstream.given_up = false;
  const Canaries::Verdict verdict = canaries_.judge(question, upstream.index, message);
  if (verdict == Canaries::Verdict::kLie) return caught(upstream);
  // What proves nothing frees nothing: the answers wait for the next canary.
  if (verdict != Canaries::Verdict::kHonest || upstream.standing == Standing::kLiar) return;
  if (upstream.standing == Standing::kUnvetted && ++upstream.vetted >= static_cast<int>(kVetting))
    upstream.standing = Standing::kGood;
  for (auto& covered : upstream.covered) ++covered.honest;
  while (!upstream.covered.empty() && upstream.covered.front().honest >= kHonestCanaries) {
    const auto answers = std::move(upstream.covered.front().answers);
    upstream.covered.pop_front();
    release(answers);
  }
}

void Resolver::canary_lost(Index index) {
  Upstream& upstream = pool_[table_[index].upstream];
  table_.release(index);
  canary_ended(upstream);
  // Its answers wait for the next; of one that stays silent they are asked elsewhere.
  if (++upstream.canaries_lost < kCanariesLost) return;
  doubt_all(upstream);
}

void Resolver::canary_ended(Upstream& upstream) {
  --canaries_out_;
  --upstream.canaries_out;
}

void Resolver::caught(Upstream& upstream) {
  if (upstream.standing == Standing::kLiar) return;
  upstream.standing = Standing::kLiar;
  ++counts_.liars;
  canaries_.forget(upstream.index);
  log::get("dns")->warn("resolver caught lying, not asked any more resolver={}", upstream.text);
  doubt_all(upstream);
}

/// Sends what canaries are due.
void Resolver::check_resolvers() {
  vet();
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    Upstream& upstream = pool_[i];
    if (upstream.standing != Standing::kGood || upstream.canaries_out > 0) continue;
    if (upstream.held.empty() && upstream.covered.empty()) continue;
    cover(upstream);
  }
}

void Resolver::cover(Upstream& upstream) {
  if (!upstream.held.empty()) upstream.covered.push_back({std::exchange(upstream.held, {}), 0});
  (void)send_canary(upstream);
}

// ---- answers that wait --------------------------------------------------------------------------

void Resolver::hold(Index index, Bytes message) {
  Slot& slot = table_[index];
  Upstream& upstream = pool_[slot.upstream];
  slot.state = State::kHeld;
  held_messages_[index].assign(reinterpret_cast<const char*>(message.data()), message.size());
  ++held_;
  upstream.held.push_back(index);
  if (upstream.held.size() < kHeldPerCanary || upstream.canaries_out > 0) return;
  cover(upstream);
}

void Resolver::release(const std::vector<Index>& indices) {
  for (const Index index : indices) {
    --held_;
    Reply reply;
    const std::string& bytes = held_messages_[index];
    reply.message = {reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()};
    reply.fate = Fate::kAnswered;
    (void)read_header(reply.message, reply.header);
    reply.answers_at = kHeaderBytes;
    if (reply.header.questions > 0 && skip_name(reply.message, reply.answers_at))
      reply.answers_at += 4;
    if (reply.header.answers > 0 && reply.header.rcode() == Rcode::kNoError)
      canaries_.offer(reply.message, table_[index].upstream);
    finish(index, reply);
  }
}

void Resolver::doubt_all(Upstream& upstream) {
  doubt(upstream.held);
  for (auto& covered : std::exchange(upstream.covered, {})) doubt(covered.answers);
}

void Resolver::doubt(std::vector<Index>& indices) {
  for (const Index index : std::exchange(indices, {})) {
    --held_;
    ++counts_.doubted;
    table_[index].attempts = 0;
    ask_again(index);
  }
}

}  // namespace m8::dns
