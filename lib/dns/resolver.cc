#include "dns/resolver.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace m8::dns {
namespace {

using State = InflightTable::State;

/// Attempts without any answer after which nobody_answers(): at the start, and later.
constexpr std::uint64_t kFailuresAtStart = 64;
constexpr std::uint64_t kFailuresLater = 256;

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

/// Whether \p message is the answer to the query in \p slot.
bool answers(Bytes message, const Header& header, const InflightTable::Slot& slot) {
  if (!header.response()) return false;
  // Servers that don't understand a query may leave the question out; they only get a retry.
  if (header.questions == 0) return asks_for_another(header.rcode());
  return same_question(slot.query_bytes(), message);
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
  auto pool = M8_TRY(ResolverPool::open(options.servers, options.in_flight, clock.now()));
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
      table_(options.in_flight, clock.now()),
      incoming_(datagram_bytes(options)) {
  if (!options_.rate.unlimited()) {
    limiter_.emplace(net::RateLimiter::Options{.global = options_.rate}, clock_);
  }
}

Resolver::~Resolver() {
  if (tick_timer_ != 0) poller_.cancel(tick_timer_);
  for (std::size_t i = 0; i < pool_.size(); ++i) poller_.remove(pool_[i].socket.get());
}

Status Resolver::watch() {
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    Upstream& upstream = pool_[i];
    upstream.on_ready = [this](Upstream& from, std::uint32_t events) { ready(from, events); };
    upstream.edns = options_.edns_payload > 0;
    upstream.outgoing.reserve(options_.in_flight / pool_.size() + 1);
    M8_TRY(poller_.add(upstream.socket.get(), EPOLLIN, &upstream));
  }
  return {};
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
  if (table_.available() == 0 || !retries_.empty()) return false;
  return pool_.has_room() && rate_allows();
}

bool Resolver::ask(std::string_view name, RrType type, std::uint64_t token) {
  const Index index = table_.take();
  if (index == InflightTable::kNone) return false;
  Slot& slot = table_[index];
  const QueryOptions query{slot.id, type, options_.recursion_desired, options_.edns_payload};
  const std::size_t size = write_query(slot.query, name, query);
  Upstream* upstream = size > 0 ? pool_.next() : nullptr;
  if (upstream == nullptr) {
    table_.release(index);
    return false;
  }
  slot.query_size = static_cast<std::uint16_t>(size);
  slot.token = token;
  enqueue(index, *upstream);
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
  // A reply given on the way may ask, and so add to the list.
  for (std::size_t i = 0; i < to_flush_.size(); ++i) send(*to_flush_[i]);
  to_flush_.clear();
  if (table_.used() > 0) arm_tick();
}

void Resolver::send(Upstream& upstream) {
  auto& queue = upstream.outgoing;
  std::size_t done = 0;
  bool refused_before = false;
  while (done < queue.size()) {
    for (std::size_t i = done; i < queue.size() && !outgoing_.full(); ++i)
      outgoing_.add(table_[queue[i]].query_bytes());
    const int count = outgoing_.send(upstream.socket.get());
    if (count > 0) {
      mark_sent(upstream, done, static_cast<std::size_t>(count));
      done += static_cast<std::size_t>(count);
      refused_before = false;
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
  const SteadyTime due = clock_.now() + options_.timeout;
  for (std::size_t i = from; i < from + count; ++i) {
    table_[upstream.outgoing[i]].state = State::kSent;
    table_.arm(upstream.outgoing[i], due);
  }
  counts_.sent += count;
}

// ---- answers ------------------------------------------------------------------------------------

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
  --upstream.in_flight;
  table_.disarm(index);
  if (header.truncated() || cut_off) return truncated(index);
  judge(index, message, header);
}

void Resolver::judge(Index index, Bytes message, const Header& header) {
  ++answers_;
  failures_since_answer_ = 0;
  if (retry_without_edns(index, header)) return;
  Slot& slot = table_[index];
  if (asks_for_another(header.rcode()) && slot.attempts < options_.attempts)
    return ask_again(index);
  Reply reply;
  if (!well_formed(message, header, reply.answers_at)) {
    ++counts_.malformed;
    return attempt_failed(index, Fate::kMalformed);
  }
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
  std::size_t left = upstream.in_flight - upstream.outgoing.size();
  for (Index index = 0; left > 0 && index < table_.capacity(); ++index) {
    Slot& slot = table_[index];
    if (slot.state != State::kSent || slot.upstream != upstream.index) continue;
    --left;
    --upstream.in_flight;
    upstream.window.lost(clock_.now());
    attempt_failed(index, Fate::kNetwork);
  }
}

void Resolver::attempt_failed(Index index, Fate fate) {
  ++failures_since_answer_;
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
    Upstream* upstream = rate_allows() ? pool_.next(table_[index].upstream) : nullptr;
    if (upstream == nullptr) return;
    retries_.pop_front();
    enqueue(index, *upstream);
  }
}

void Resolver::finish(Index index, Reply reply) {
  reply.token = table_[index].token;
  reply.server = pool_[table_[index].upstream].text;
  table_.release(index);
  client_.replied(reply);
}

void Resolver::refill() {
  serve_retries();
  client_.room();
  flush();
}

bool Resolver::nobody_answers() const {
  return failures_since_answer_ >= (answers_ == 0 ? kFailuresAtStart : kFailuresLater);
}

// ---- TCP ----------------------------------------------------------------------------------------

void Resolver::truncated(Index index) {
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
  tcp_[index] = std::make_unique<TcpExchange>(poller_, pool_[slot.upstream].address,
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
  ++counts_.timeouts;
  Slot& slot = table_[index];
  if (slot.state == State::kTcp) {
    tcp_.erase(index);
    next_tcp();
  } else {
    Upstream& upstream = pool_[slot.upstream];
    upstream.window.lost(now_);
    --upstream.in_flight;
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
  refill();
}

void Resolver::arm_tick() {
  if (tick_timer_ != 0) return;
  tick_timer_ = poller_.at(clock_.now() + InflightTable::kTick, [this] { tick(); });
}

}  // namespace m8::dns
