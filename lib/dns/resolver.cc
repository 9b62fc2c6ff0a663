#include "dns/resolver.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "net/name.h"

namespace m8::dns {
namespace {

using State = InflightTable::State;

/// Nothing is asked for again sooner: a busy machine is late, too.
constexpr std::chrono::milliseconds kSoonestOverdue{60};
/// So often a question is asked elsewhere before its resolver's time is up: then somebody far away
/// may need the time.
constexpr int kMostHurried = 2;

/// Rcodes that say something about the resolver rather than the name.
bool asks_for_another(Rcode rcode) {
  return rcode == Rcode::kServFail || rcode == Rcode::kRefused || rcode == Rcode::kNotImp ||
         rcode == Rcode::kFormErr;
}

Status check(const ResolverOptions& options) {
  const auto bad = [](const char* what) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("resolver: {} out of range", what)};
  };
  if (options.in_flight < 1 || options.in_flight > InflightTable::kMaxCapacity)
    return bad("number in flight");
  if (options.attempts < 1 || options.attempts > 255) return bad("attempts");
  if (options.timeout < std::chrono::milliseconds(1)) return bad("timeout");
  return {};
}

/// Room for what was asked for and for resolvers that send somewhat more.
std::size_t datagram_bytes(const ResolverOptions& options) {
  return std::max<std::size_t>(options.edns_payload, 512) + 768;
}

/// Types whose answers often exceed the 512 bytes of plain UDP, or say more with EDNS.
bool wants_edns(RrType type) {
  return type == RrType::kTxt || type == RrType::kAny || type == RrType::kNsec;
}

bool has_opt(Bytes query) { return query[11] != std::byte{0}; }

/// Moves \p answers_at past the question; false if the question or a record of the answer section
/// is malformed.
bool well_formed(Bytes message, const Header& header, std::size_t& answers_at) {
  answers_at = kHeaderBytes;
  if (header.questions > 0) {
    if (!skip_name(message, answers_at) || message.size() - answers_at < 4) return false;
    answers_at += 4;
  }
  RecordCursor cursor(message, answers_at, header.answers);
  for (RecordView record; cursor.next(record);) continue;
  return !cursor.bad();
}

/// With checks answers are held for a while, and canaries are under way beside the questions.
std::size_t slots_for(const ResolverOptions& options) {
  const std::size_t resolvers = options.servers.size();
  if (!options.check || resolvers < 2) return options.in_flight;
  return std::min(options.in_flight * 8 + resolvers * (Resolver::kVetting + 1),
                  InflightTable::kMaxCapacity);
}

}  // namespace

const char* to_string(Fate fate) {
  switch (fate) {
    case Fate::kAnswered:
      return "answered";
    case Fate::kTimeout:
      return "timeout";
    case Fate::kNetwork:
      return "network";
    case Fate::kMalformed:
      return "malformed";
  }
  return "unknown";
}

Result<std::unique_ptr<Resolver>> Resolver::create(const ResolverOptions& options,
                                                   net::Poller& poller, Client& client,
                                                   Clock& clock) {
  M8_TRY(check(options));
  auto pool =
      M8_TRY(ResolverPool::open(options.servers, options.trusted, options.in_flight, clock.now()));
  std::unique_ptr<Resolver> resolver(new Resolver(options, poller, client, clock, std::move(pool)));
  M8_TRY(resolver->watch());
  return resolver;
}

Resolver::Resolver(const ResolverOptions& options, net::Poller& poller, Client& client,
                   Clock& clock, ResolverPool pool)
    : options_(options),
      poller_(poller),
      client_(client),
      clock_(clock),
      pool_(std::move(pool)),
      table_(slots_for(options), clock.now()),
      incoming_(datagram_bytes(options)),
      checking_(options.check && options.servers.size() > 1),
      canaries_(options.servers.size()) {
  if (!options_.rate.unlimited())
    limiter_.emplace(net::RateLimiter::Options{.global = options_.rate}, clock_);
  if (!options_.zone_rate.unlimited())
    zone_limiter_.emplace(net::RateLimiter::Options{.per_key = options_.zone_rate}, clock_);
  if (!checking_) return;
  held_messages_.resize(table_.capacity());
  canary_questions_.resize(table_.capacity());
}

Resolver::~Resolver() {
  if (tick_timer_ != 0) poller_.cancel(tick_timer_);
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    if (pool_[i].socket) poller_.remove(pool_[i].socket.get());
    pool_[i].stream.reset();  // calls nobody any more
  }
}

Status Resolver::watch() {
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    Upstream& upstream = pool_[i];
    upstream.on_ready = [this](Upstream& from, std::uint32_t events) { ready(from, events); };
    upstream.edns = options_.edns_payload > 0;
    upstream.outgoing.reserve(options_.in_flight / pool_.size() + 1);
    if (checked(upstream)) upstream.standing = Upstream::Standing::kUnvetted;
    if (upstream.socket) M8_TRY(poller_.add(upstream.socket.get(), EPOLLIN, &upstream));
  }
  return open_streams();
}

Status Resolver::open_streams() {
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    Upstream& upstream = pool_[i];
    if (upstream.socket) continue;
    QueryStream::Events events{
        [this, &upstream](Bytes message) { stream_answered(upstream, message); },
        [this, &upstream](std::uint16_t id) { stream_failed(upstream, id); },
        [this, &upstream] {
          refused(upstream);
          refill();
        }};
    upstream.stream = M8_TRY(
        QueryStream::open(upstream.server, options_.more_ca, std::move(events), poller_, clock_));
  }
  return {};
}

std::size_t Resolver::capacity() const {
  return checking_ ? table_.capacity() - options_.servers.size() * (kVetting + 1)
                   : table_.capacity();
}

// ---- asking -------------------------------------------------------------------------------------

bool Resolver::rate_allows() {
  if (!limiter_) return true;
  if (!reserved_) reserved_ = limiter_->reserve({});
  if (*reserved_ <= clock_.now()) return true;
  arm_tick();  // nothing else might wake us when nothing is in flight
  return false;
}

bool Resolver::has_room() {
  if (pending() >= capacity() || !retries_.empty()) return false;
  if (pending() - held_ - parked_ >= options_.in_flight) return false;
  return pool_.has_room() && rate_allows();
}

bool Resolver::zone_allows(Index index, std::string_view name) {
  if (!zone_limiter_) return true;
  const auto split = net::split_suffix(name);
  const SteadyTime turn = zone_limiter_->reserve(split.ok() ? split->registrable : name);
  if (turn <= clock_.now()) return true;
  ++parked_;
  table_[index].state = State::kParked;
  table_.arm(index, turn);
  arm_tick();
  return false;
}

void Resolver::mix_case(Slot& slot) {
  std::uint64_t bits = 0;
  random_bytes(&bits, sizeof bits);
  std::size_t end = kHeaderBytes;
  if (!skip_name(slot.query_bytes(), end)) return;
  for (std::size_t at = kHeaderBytes; at < end; ++at) {
    const auto c = static_cast<unsigned char>(slot.query[at]);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    // A length of a label is below 64: no letter.
    if (letter && (bits >> (at % 61) & 1) != 0) slot.query[at] ^= std::byte{0x20};
  }
}

ResolverPool::Others Resolver::others(Spoken spoken) {
  const auto others = pool_.others(spoken);
  if (others == ResolverPool::Others::kLater) arm_tick();
  return others;
}

bool Resolver::ask(std::string_view name, RrType type, std::uint64_t token, Spoken spoken) {
  const Index index = table_.take();
  if (index == InflightTable::kNone) return false;
  Slot& slot = table_[index];
  const std::uint16_t payload = wants_edns(type) ? options_.edns_payload : std::uint16_t{0};
  const QueryOptions query{slot.id, type, options_.recursion_desired, payload};
  const std::size_t size = write_query(slot.query, name, query);
  constexpr auto kAnything = ResolverPool::For::kAnything;
  Upstream* upstream = size > 0 ? pool_.next(ResolverPool::kNone, kAnything, spoken) : nullptr;
  if (upstream == nullptr) {
    table_.release(index);
    return false;
  }
  slot.query_size = static_cast<std::uint16_t>(size);
  slot.token = token;
  slot.not_of = spoken.first;
  slot.nor_of = spoken.second;
  slot.upstream = ResolverPool::kNone;
  if (options_.mix_case) mix_case(slot);
  if (zone_allows(index, name)) enqueue(index, *upstream);
  return true;
}

void Resolver::enqueue(Index index, Upstream& upstream) {
  reserved_.reset();
  Slot& slot = table_[index];
  if (!upstream.edns && has_opt(slot.query_bytes())) {
    slot.query_size = static_cast<std::uint16_t>(slot.query_size - kOptBytes);
    slot.query[11] = std::byte{0};
  }
  slot.upstream = upstream.index;
  slot.state = State::kWaitingToSend;
  ++slot.attempts;
  ++upstream.in_flight;
  if (upstream.outgoing.empty()) to_flush_.push_back(&upstream);
  upstream.outgoing.push_back(index);
}

void Resolver::flush() {
  if (checking_ && counts_.canaries == 0) vet();
  // A reply given on the way may ask, and so add to the list.
  for (std::size_t i = 0; i < to_flush_.size(); ++i) send(*to_flush_[i]);
  to_flush_.clear();
  if (table_.used() > 0) arm_tick();
}

/// Puts what follows \p from into the batch, one size after the other if those can go as one.
void Resolver::fill_batch(std::vector<Index>& queue, std::size_t from, bool by_size) {
  const std::size_t to = std::min(queue.size(), from + SendBatch::kMost);
  const auto begin = queue.begin() + static_cast<std::ptrdiff_t>(from);
  const auto end = queue.begin() + static_cast<std::ptrdiff_t>(to);
  const auto smaller = [this](Index a, Index b) {
    return table_[a].query_size < table_[b].query_size;
  };
  if (by_size && !std::is_sorted(begin, end, smaller)) std::sort(begin, end, smaller);
  for (auto at = begin; at != end; ++at) outgoing_.add(table_[*at].query_bytes());
}

void Resolver::send(Upstream& upstream) {
  auto& queue = upstream.outgoing;
  if (upstream.stream) {
    for (const Index index : queue) upstream.stream->send(table_[index].query_bytes());
    mark_sent(upstream, 0, queue.size());
    return queue.clear();
  }
  std::size_t done = 0;
  bool refused_before = false;
  while (done < queue.size()) {
    fill_batch(queue, done, upstream.segments);
    const int count = outgoing_.send(upstream.socket.get(), upstream.segments);
    if (count > 0) {
      mark_sent(upstream, done, static_cast<std::size_t>(count));
      done += static_cast<std::size_t>(count);
      refused_before = false;
    } else if (upstream.segments && refuses_segments(errno)) {
      upstream.segments = false;
    } else if (errno == EAGAIN || errno == ENOBUFS) {
      upstream.waits_for_room = true;
      (void)poller_.modify(upstream.socket.get(), EPOLLIN | EPOLLOUT, &upstream);
      break;
    } else if (errno == ECONNREFUSED && !refused_before) {
      // The verdict on an earlier datagram, told once: this batch may still go.
      refused_before = true;
      queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(done));
      done = 0;
      refused(upstream);
    } else {
      --upstream.in_flight;
      attempt_failed(queue[done++], Fate::kNetwork);
    }
  }
  queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(done));
}

void Resolver::mark_sent(Upstream& upstream, std::size_t from, std::size_t count) {
  const SteadyTime now = clock_.now();
  for (std::size_t i = from; i < from + count; ++i) {
    Slot& slot = table_[upstream.outgoing[i]];
    slot.state = State::kSent;
    slot.sent = now;
    table_.arm(upstream.outgoing[i], due(upstream, slot, now));
  }
  counts_.sent += count;
}

SteadyTime Resolver::due(const Upstream& upstream, const Slot& slot, SteadyTime now) const {
  const SteadyTime latest = now + options_.timeout;
  const bool hurry = slot.internal || (slot.attempts == 1 && slot.hurried < kMostHurried &&
                                       pool_.has_alternative(upstream));
  if (!hurry) return latest;
  const auto usual = std::chrono::ceil<std::chrono::milliseconds>(
      upstream.round_trip.overdue_after() * (slot.internal ? 2 : 1 + slot.hurried));
  return std::min(latest, now + std::max(usual, kSoonestOverdue));
}

// ---- answers ------------------------------------------------------------------------------------

/// Whether \p message is the answer to the query in \p slot.
bool Resolver::answers(Bytes message, const Header& header, const Slot& slot) const {
  if (!header.response()) return false;
  // Servers that don't understand a query may leave the question out; they only get a retry.
  if (header.questions == 0) return asks_for_another(header.rcode());
  return same_question(slot.query_bytes(), message, options_.mix_case);
}

void Resolver::ready(Upstream& upstream, std::uint32_t events) {
  if ((events & EPOLLOUT) != 0 && upstream.waits_for_room) {
    upstream.waits_for_room = false;
    (void)poller_.modify(upstream.socket.get(), EPOLLIN, &upstream);
    to_flush_.push_back(&upstream);
  }
  receive(upstream);
}

void Resolver::receive(Upstream& upstream) {
  constexpr int kMostBatches = 16;  // then others get their turn
  for (int batch = 0; batch < kMostBatches; ++batch) {
    const int count = incoming_.receive(upstream.socket.get());
    if (count < 0 && errno == ECONNREFUSED) refused(upstream);
    now_ = clock_.now();
    for (int i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      accept(upstream, incoming_.datagram(at), incoming_.cut_off(at));
    }
    refill();
    if (count < static_cast<int>(ReceiveBatch::kMost)) return;
  }
}

void Resolver::accept(Upstream& upstream, Bytes message, bool cut_off) {
  ++counts_.received;
  Header header;
  const Index index = read_header(message, header) ? table_.find(header.id) : InflightTable::kNone;
  if (index == InflightTable::kNone || table_[index].state != State::kSent ||
      table_[index].upstream != upstream.index || !answers(message, header, table_[index])) {
    ++counts_.stray;
    return;
  }
  upstream.window.answered(upstream.in_flight, now_);
  upstream.round_trip.sample(now_ - table_[index].sent);
  --upstream.in_flight;
  table_.disarm(index);
  if ((header.truncated() && !upstream.stream) || cut_off) return truncated(index, cut_off);
  judge(index, message, header);
}

void Resolver::stream_answered(Upstream& upstream, Bytes message) {
  now_ = clock_.now();
  accept(upstream, message, false);
  refill();
}

void Resolver::stream_failed(Upstream& upstream, std::uint16_t id) {
  const Index index = table_.find(id);
  if (index == InflightTable::kNone || table_[index].state != State::kSent ||
      table_[index].upstream != upstream.index) {
    return;
  }
  --upstream.in_flight;
  upstream.window.lost(clock_.now());
  fared(upstream, false);
  attempt_failed(index, Fate::kNetwork);
  refill();
}

void Resolver::judge(Index index, Bytes message, const Header& header) {
  ++answers_;
  failures_since_answer_ = refusals_since_answer_ = 0;
  Slot& slot = table_[index];
  Upstream& upstream = pool_[slot.upstream];
  fared(upstream, true);
  if (retry_without_edns(index, header)) return;
  Reply reply;
  const bool good = well_formed(message, header, reply.answers_at);
  if (slot.internal) return canary_answered(index, message, good);
  if (upstream.standing == Upstream::Standing::kLiar) {
    ++counts_.doubted;
    --slot.attempts;
    return ask_again(index);
  }
  if (asks_for_another(header.rcode()) && slot.attempts < options_.attempts)
    return ask_again(index);
  if (!good) {
    ++counts_.malformed;
    return attempt_failed(index, Fate::kMalformed);
  }
  if (wants_confirmation(slot, header)) {
    slot.confirm = true;
    slot.attempts = 0;
    return ask_again(index);
  }
  if (checked(upstream)) return hold(index, message);
  reply.fate = Fate::kAnswered;
  reply.message = message;
  reply.header = header;
  finish(index, reply);
}

bool Resolver::retry_without_edns(Index index, const Header& header) {
  if (header.rcode() != Rcode::kFormErr && header.rcode() != Rcode::kNotImp) return false;
  Slot& slot = table_[index];
  if (!has_opt(slot.query_bytes())) return false;
  pool_[slot.upstream].edns = false;
  --slot.attempts;
  ask_again(index);
  return true;
}

void Resolver::refused(Upstream& upstream) {
  upstream.last_answer = {};  // no need to wait: it is not there
  std::size_t left = upstream.in_flight - upstream.outgoing.size();
  for (Index index = 0; left > 0 && index < table_.capacity(); ++index) {
    Slot& slot = table_[index];
    if (slot.state != State::kSent || slot.upstream != upstream.index) continue;
    --left;
    --upstream.in_flight;
    upstream.window.lost(clock_.now());
    fared(upstream, false);
    attempt_failed(index, Fate::kNetwork);
  }
}

void Resolver::attempt_failed(Index index, Fate fate) {
  count_failure(index, fate);
  if (table_[index].internal) return canary_lost(index);
  if (table_[index].attempts < options_.attempts) return ask_again(index);
  Reply reply;
  reply.fate = fate;
  finish(index, reply);
}

void Resolver::ask_again(Index index) {
  table_.disarm(index);
  table_.renew_id(index);
  table_[index].state = State::kWaitingToSend;
  retries_.push_back(index);
  ++counts_.retried;
}

void Resolver::serve_retries() {
  while (!retries_.empty()) {
    const Index index = retries_.front();
    const Slot& slot = table_[index];
    const Spoken spoken{slot.not_of, slot.nor_of};
    if (spoken.first != ResolverPool::kNone && others(spoken) == ResolverPool::Others::kNone) {
      retries_.pop_front();
      finish(index, {});
      continue;
    }
    const auto purpose =
        slot.confirm ? ResolverPool::For::kConfirmation : ResolverPool::For::kAnything;
    Upstream* upstream =
        rate_allows() ? pool_.next_reliable(slot.upstream, purpose, spoken) : nullptr;
    if (upstream == nullptr) return;
    retries_.pop_front();
    enqueue(index, *upstream);
  }
}

void Resolver::finish(Index index, Reply reply) {
  reply.token = table_[index].token;
  if (table_[index].upstream != ResolverPool::kNone) {
    const Upstream& upstream = pool_[table_[index].upstream];
    reply.server = upstream.text;
    reply.who = upstream.index;
    reply.vouched = upstream.trusted || !pool_.has_trusted();
  }
  table_.release(index);
  client_.replied(reply);
}

void Resolver::refill() {
  serve_retries();
  client_.room();
  flush();
}

// ---- TCP ----------------------------------------------------------------------------------------

bool Resolver::retry_with_edns(Index index) {
  Slot& slot = table_[index];
  if (options_.edns_payload == 0 || slot.internal || has_opt(slot.query_bytes()) ||
      !pool_[slot.upstream].edns) {
    return false;
  }
  const std::size_t size = add_opt(slot.query, slot.query_size, options_.edns_payload);
  if (size == 0) return false;
  slot.query_size = static_cast<std::uint16_t>(size);
  --slot.attempts;
  ask_again(index);
  return true;
}

void Resolver::truncated(Index index, bool cut_off) {
  if (!cut_off && retry_with_edns(index)) return;
  ++counts_.truncated;
  table_[index].state = State::kTcp;
  if (tcp_.size() < kMostTcp) return start_tcp(index);
  tcp_waiting_.push_back(index);
}

void Resolver::start_tcp(Index index) {
  table_.arm(index, clock_.now() + options_.timeout);
  ++counts_.sent;
  const Slot& slot = table_[index];
  auto done = [this, index](Result<std::string> answer) { tcp_done(index, std::move(answer)); };
  tcp_[index] = std::make_unique<TcpExchange>(poller_, pool_[slot.upstream].server.address,
                                              slot.query_bytes(), std::move(done));
}

void Resolver::tcp_done(Index index, Result<std::string> answer) {
  // We are inside the exchange: it may only go at the next tick.
  tcp_finished_.push_back(std::move(tcp_.extract(index).mapped()));
  table_.disarm(index);
  next_tcp();
  Header header;
  if (!answer.ok()) {
    attempt_failed(index, Fate::kNetwork);
  } else {
    ++counts_.received;
    const Bytes message{reinterpret_cast<const std::byte*>(answer->data()), answer->size()};
    const Slot& slot = table_[index];
    if (read_header(message, header) && header.id == slot.id && answers(message, header, slot)) {
      judge(index, message, header);
    } else {
      ++counts_.malformed;
      attempt_failed(index, Fate::kMalformed);
    }
  }
  refill();
}

void Resolver::next_tcp() {
  if (tcp_waiting_.empty() || tcp_.size() >= kMostTcp) return;
  const Index index = tcp_waiting_.front();
  tcp_waiting_.pop_front();
  start_tcp(index);
}

// ---- time ---------------------------------------------------------------------------------------

void Resolver::overdue(Index index) {
  Slot& slot = table_[index];
  if (slot.state == State::kParked) {
    --parked_;
    slot.state = State::kWaitingToSend;
    return retries_.push_back(index);
  }
  ++counts_.timeouts;
  if (slot.state == State::kTcp) {
    tcp_.erase(index);
    next_tcp();
  } else {
    Upstream& upstream = pool_[slot.upstream];
    upstream.window.lost(now_);
    upstream.round_trip.late(now_);
    --upstream.in_flight;
    fared(upstream, false);
    const bool early = now_ - slot.sent < options_.timeout && !slot.internal;
    if (early) {
      // Asked elsewhere at once; the whole patience is for the attempts that follow.
      ++slot.hurried;
      --slot.attempts;
      count_failure(index, Fate::kTimeout);
      return ask_again(index);
    }
  }
  attempt_failed(index, Fate::kTimeout);
}

void Resolver::tick() {
  tick_timer_ = 0;
  tcp_finished_.clear();
  now_ = clock_.now();
  for (Index index = table_.next_overdue(now_); index != InflightTable::kNone;
       index = table_.next_overdue(now_)) {
    overdue(index);
  }
  if (quarantined_ > 0) end_quarantines();
  if (checking_) check_resolvers();
  refill();
}

void Resolver::arm_tick() {
  if (tick_timer_ != 0) return;
  tick_timer_ = poller_.at(clock_.now() + InflightTable::kTick, [this] { tick(); });
}

}  // namespace m8::dns
