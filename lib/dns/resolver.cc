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
  std::unique_ptr<Resolver> resolver(
      new Resolver(options, poller, client, clock, std::move(pool)));
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
  Upstream* upstream = pool_.next();
  const Index index = upstream != nullptr ? table_.take() : InflightTable::kNone;
  if (index == InflightTable::kNone) return false;
  auto& slot = table_[index];
  const std::uint16_t payload = upstream->edns ? options_.edns_payload : std::uint16_t{0};
  const std::size_t size =
      dns::write_query(slot.query, name, {slot.id, type, options_.recursion_desired, payload});
  if (size == 0) {
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
  auto& slot = table_[index];
  slot.upstream = upstream.index;
  slot.state = State::kWaitingToSend;
  ++upstream.in_flight;
  if (upstream.outgoing.empty()) to_flush_.push_back(&upstream);
  upstream.outgoing.push_back(index);
}

void Resolver::flush() {
  // send() may queue retries for other upstreams, never new entries for its own.
  for (std::size_t i = 0; i < to_flush_.size(); ++i) send(*to_flush_[i]);
  to_flush_.clear();
  if (table_.used() > 0) arm_tick();
}

void Resolver::send(Upstream& upstream) {
  std::size_t done = 0;
  auto& queue = upstream.outgoing;
  while (done < queue.size()) {
    for (std::size_t i = done; i < queue.size() && !outgoing_.full(); ++i)
      outgoing_.add(table_[queue[i]].query_bytes());
    const int count = outgoing_.send(upstream.socket.get());
    if (count > 0) {
      sent_range(upstream, done, static_cast<std::size_t>(count));
      done += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EAGAIN || errno == ENOBUFS) {
      upstream.waits_for_room = true;
      (void)poller_.modify(upstream.socket.get(), EPOLLIN | EPOLLOUT, &upstream);
      break;
    }
    // A pending error of an earlier datagram is reported once and is then gone; one that stands
    // belongs to the first datagram of the batch.
    if (errno == ECONNREFUSED && !upstream.refused_once) {
      upstream.refused_once = true;
      continue;
    }
    --upstream.in_flight;
    attempt_failed(queue[done++], Fate::kNetwork);
  }
  upstream.refused_once = false;
  queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(done));
}
