#include "http/target_loop.h"

#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "http/cookie_jar.h"
#include "http/decode.h"
#include "http/redirect.h"
#include "http/retry.h"

namespace m8::http {
namespace {

constexpr std::size_t kReadBuffer = 64u << 10;
/// Compressed bytes read even if less than that is wanted of what they decode to.
constexpr std::size_t kLeastRawBody = 256u << 10;
constexpr std::chrono::milliseconds kMaxRetryDelay{10'000};
/// A turn that takes so long is no part of anybody's time.
constexpr std::chrono::milliseconds kLongTurn{100};
/// How long a turn may wait when nothing has a deadline.
constexpr std::chrono::milliseconds kIdlePatience{1000};

/// Connections for a host that answers at once; how much slower it must be for one more, after how
/// many answers; and from when on each request may have one.
constexpr std::size_t kQuickConnections = 4;
constexpr std::chrono::microseconds kPerConnection{100}, kSlowAnswer{5000};
constexpr std::uint64_t kAnswersPerConnection = 128;
/// For one of the connections that there are.
constexpr std::chrono::milliseconds kLongestWait{20}, kLongestWaitIfBusy{200};

thread_local const TargetLoop* t_loop = nullptr;

/// Where the hop connects to by name: url's host and port, or @Host.
const std::string& connect_host(const Request& request) {
  return request.connect_to ? request.connect_to->host : request.url.host;
}

std::uint16_t connect_port(const Request& request) {
  if (request.connect_to && request.connect_to->port) return *request.connect_to->port;
  return request.url.effective_port();
}

std::string sni_of(const Request& request) {
  if (!request.server_name.empty()) return request.server_name;
  return net::IpAddress::parse(request.url.host).ok() ? std::string() : request.url.host;
}

/// Equal keys may share a connection.
void write_key(const Request& request, std::string& key) {
  key.assign(connect_host(request));
  key += ':';
  key += std::to_string(connect_port(request));
  if (!request.url.is_tls()) return;
  key += '/';
  key += request.server_name.empty() ? request.url.host : request.server_name;
}

ResponseParser::Options parser_options(const Request& request) {
  ResponseParser::Options options;
  options.head_request =
      request.wire.empty() ? request.method == "HEAD" : request.wire.starts_with("HEAD ");
  options.read_to_end = request.read_to_end;
  // The cap is on what comes out of the decoder, which decode_response() sees to.
  options.max_body =
      request.decompress ? std::max(request.max_body, kLeastRawBody) : request.max_body;
  return options;
}

/// The scope's word on every host that \p request would contact.
bool in_scope(const net::Scope& scope, const Request& request) {
  if (!scope.allows_url(request.url)) return false;
  return !request.connect_to || scope.allows_host(request.connect_to->host);
}

Error timeout_error(const char* where, std::chrono::milliseconds timeout) {
  return {ErrorCode::kTimeout, fmt::format("{}: nothing within {} ms", where, timeout.count())};
}

/// \p error of a connection to \p proxy: it says nothing about the target.
Error proxy_error(const Proxy& proxy, const Error& error) {
  const bool said = error.message.starts_with("proxy ");
  const ErrorCode code =
      !said && error.code == ErrorCode::kRefused ? ErrorCode::kNetwork : error.code;
  return {code, said ? error.message : fmt::format("proxy {}: {}", proxy.name(), error.message)};
}

/// OpenSSL writes without MSG_NOSIGNAL; here a closed peer is an error like any other.
void block_pipe_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

TargetLoop::TargetLoop(Options options, World world, net::Poller poller)
    : options_(options),
      world_(std::move(world)),
      poller_(std::move(poller)),
      inbox_(std::make_shared<LoopInbox>(poller_)),
      buffer_(kReadBuffer),
      shared_{poller_, *this, world_.clock, counters_, buffer_},
      pool_(options.pool),
      wheel_(poller_.now()),
      checked_(poller_.now()),
      thread_([this] { run(); }) {}

TargetLoop::~TargetLoop() { stop(); }

void TargetLoop::stop() {
  stopping_.store(true);
  poller_.wake();
  if (thread_.joinable()) thread_.join();
}

bool TargetLoop::on_loop_thread() { return t_loop != nullptr; }

void TargetLoop::send(std::unique_ptr<Flight> flight) {
  if (t_loop == this) return admit(std::move(flight));
  if (inbox_->put(flight)) return;
  flight->done(Error{ErrorCode::kCancelled, "http: session is closing"});
}

void TargetLoop::post(std::function<void()> task, std::chrono::milliseconds delay) {
  inbox_->put(LoopInbox::Task{std::move(task), delay});
}

// ---- the thread -------------------------------------------------------------------------------

void TargetLoop::run() {
  t_loop = this;
  block_pipe_signal();
  while (!stopping_.load(std::memory_order_relaxed)) {
    end_turn();
    poller_.poll(patience());
    take_inbox();
    resume_paused();
    resume_readers();
    check_deadlines();
    settle_failures();
    pool_.bury();
  }
  inbox_->close();
  cancel_all();
}

/// Looks back on the turn: how long events were waited for before it, and how long it took.
void TargetLoop::end_turn() {
  constexpr double kFade = 0.95;
  const SteadyTime began = poller_.now(), before = turn_ended_;
  turn_ended_ = world_.clock.now();
  if (turn_++ == 0) return;
  const auto seconds = [](Duration time) { return std::chrono::duration<double>(time).count(); };
  if (turn_ended_ - began >= kLongTurn) lend(turn_ended_ - began);
  waited_ = waited_ * kFade + std::max(0.0, seconds(began - before));
  worked_ = worked_ * kFade + std::max(0.0, seconds(turn_ended_ - began));
}

/// While one answer was looked at for \p turn, nobody could read the others: their servers get that
/// time back, at most as much again as they have, so that everything ends.
void TargetLoop::lend(Duration turn) {
  for (const auto& flight : flights_) {
    const Duration time = std::min<Duration>(turn, flight->request.timeout - flight->lent);
    if (time <= Duration::zero()) continue;
    flight->lent += time;
    flight->deadline += time;
    if (flight->armed()) wheel_.arm(*flight, flight->due + time);
  }
}

/// Answers are late because of us, or of who shares the processor: more connections change nothing.
bool TargetLoop::is_busy() const { return worked_ > waited_ / 2; }

std::chrono::milliseconds TargetLoop::patience() const {
  if (!failures_.empty() || !readers_.empty()) return std::chrono::milliseconds(0);
  return wheel_.armed() > 0 || !paused_.empty() ? DeadlineWheel::kTick : kIdlePatience;
}

void TargetLoop::take_inbox() {
  inbox_->take(inbox_content_);
  if (inbox_content_.empty()) return;
  for (auto& flight : inbox_content_.flights) admit(std::move(flight));
  for (auto& answer : inbox_content_.answers) on_addresses(answer.host, answer.addresses);
  for (auto& task : inbox_content_.tasks) {
    if (task.delay.count() <= 0) {
      task.run();
    } else {
      poller_.at(poller_.now() + task.delay, std::move(task.run));
    }
  }
  inbox_content_.flights.clear();
  inbox_content_.answers.clear();
  inbox_content_.tasks.clear();
}

void TargetLoop::resume_readers() {
  if (readers_.empty()) return;
  std::vector<Connection*> readers;
  readers.swap(readers_);
  for (Connection* connection : readers) connection->resuming = false;
  for (Connection* connection : readers) connection->resume();
}

void TargetLoop::check_deadlines() {
  const SteadyTime now = poller_.now();
  if (now < checked_ + DeadlineWheel::kTick) return;
  checked_ = now;
  wheel_.advance(now,
                 [this](DeadlineWheel::Node& node) { on_deadline(static_cast<Flight&>(node)); });
  pool_.expire(now);
  end_waiting(now);
}

void TargetLoop::settle_failures() {
  std::vector<std::pair<Flight*, Error>> failures;
  failures.swap(failures_);
  for (auto& [flight, error] : failures) complete(*flight, std::move(error));
}

void TargetLoop::cancel_all() {
  const Error error{ErrorCode::kCancelled, "http: session is closing"};
  take_inbox();
  while (!flights_.empty() || !queue_.empty()) {
    failures_.clear();
    std::deque<std::unique_ptr<Flight>> queued;
    queued.swap(queue_);
    std::vector<std::unique_ptr<Flight>> flights;
    flights.swap(flights_);
    for (auto& flight : flights) {
      if (flight->connection != nullptr) audit(*flight, *flight->connection, &error);
      detach(*flight);
    }
    for (auto& flight : flights) flight->done(error);
    for (auto& flight : queued) flight->done(error);
  }
  pool_.close_all();
}

// ---- admission --------------------------------------------------------------------------------

void TargetLoop::admit(std::unique_ptr<Flight> flight) {
  const bool full = flights_.size() >= options_.max_in_flight || !queue_.empty();
  if (full || stopping_.load(std::memory_order_relaxed)) {
    queue_.push_back(std::move(flight));
    return;
  }
  start(std::move(flight));
}

void TargetLoop::start(std::unique_ptr<Flight> flight) {
  flight->slot = flights_.size();
  flight->budget = flight->request.timeout;
  flights_.push_back(std::move(flight));
  begin_hop(*flights_.back());
}

void TargetLoop::admit_queued() {
  while (!queue_.empty() && flights_.size() < options_.max_in_flight && !stopping_.load()) {
    std::unique_ptr<Flight> flight = std::move(queue_.front());
    queue_.pop_front();
    start(std::move(flight));
  }
}

/// Scope first, then the rate: a refused request takes no turn.
void TargetLoop::begin_hop(Flight& flight) {
  if (!in_scope(world_.scope, flight.request)) {
    counters_.refused_by_scope.add();
    return fail(flight, {ErrorCode::kDenied, "outside the scope: " + flight.request.url.root()});
  }
  (flight.exchange.hops.empty() ? flight.exchange.sent : flight.hop_bytes) =
      to_wire(flight.request);
  flight.proxied.clear();
  if (uses_absolute_form(flight.request)) {
    flight.proxied = to_proxy_wire(flight.request, proxy_authorization(*options_.proxy));
  }
  write_key(flight.request, flight.key);
  // Through the tunnel of an unsafe request goes another host's bytes than beside it.
  if (options_.proxy && flight.proxied.empty()) flight.key += '|';
  take_turn(flight);
}

/// Every attempt that puts bytes on the wire waits for the rate of the host that gets them.
void TargetLoop::take_turn(Flight& flight) {
  const SteadyTime turn = world_.limiter.reserve(connect_host(flight.request));
  const SteadyTime now = world_.clock.now();
  if (turn <= now) return launch(flight);
  delay(flight, poller_.now() + (turn - now), &TargetLoop::launch);
}

void TargetLoop::delay(Flight& flight, SteadyTime until, void (TargetLoop::*then)(Flight&)) {
  flight.stage = Flight::Stage::kDelayed;
  flight.timer = poller_.at(until, [this, &flight, then] {
    flight.timer = 0;
    (this->*then)(flight);
  });
}

// ---- one attempt ------------------------------------------------------------------------------

namespace {

/// Of the poller's clock, as poller_.now(), which is the time when the turn began: since then an
/// answer may have been looked at for longer than the next one may take.
SteadyTime time_now() { return SystemClock::instance().now(); }

}  // namespace

void TargetLoop::launch(Flight& flight) {
  if (flight.began == SteadyTime{}) flight.began = world_.clock.now();
  flight.deadline = time_now() + flight.budget;
  wheel_.arm(flight, flight.deadline);
  const bool pooled = !flight.request.fresh_connection && !flight.avoid_pool;
  Connection* connection = pooled ? pool_.take(flight.key) : nullptr;
  if (connection != nullptr) return exchange(flight, *connection);
  if (pooled && enough_connections(flight)) return wait_for_connection(flight);
  find_addresses(flight);
}

/// A host that answers at once is served by a few connections as fast as by many, and opening one
/// costs as much as several requests on it: more come as those that there are have paid off.
bool TargetLoop::enough_connections(const Flight& flight) const {
  const PoolEntry* entry = pool_.find(flight.key);
  if (entry == nullptr) return false;
  if (entry->answer_time >= kSlowAnswer && !is_busy()) return false;
  const std::uint64_t slower = static_cast<std::uint64_t>(entry->answer_time / kPerConnection);
  const std::uint64_t paid_off = entry->answers / kAnswersPerConnection;
  return entry->connections >= kQuickConnections + std::min(slower, paid_off);
}

void TargetLoop::wait_for_connection(Flight& flight) {
  flight.stage = Flight::Stage::kWaiting;
  flight.stage_began = poller_.now();
  waiting_[flight.key].push_back(&flight);
}

/// False if nobody waits for a connection like that of \p from.
bool TargetLoop::hand_over(Connection& connection, const Flight& from) {
  if (waiting_.empty()) return false;
  const auto found = waiting_.find(from.key);
  if (found == waiting_.end()) return false;
  Flight& next = *found->second.front();
  stop_waiting(next);
  exchange(next, connection);
  return true;
}

void TargetLoop::stop_waiting(Flight& flight) {
  const auto found = waiting_.find(flight.key);
  if (found == waiting_.end()) return;
  if (found->second.front() == &flight) {
    found->second.pop_front();
  } else {
    std::erase(found->second, &flight);
  }
  if (found->second.empty()) waiting_.erase(found);
}

/// Whoever has waited too long gets a connection of its own: those that there are may be stuck.
void TargetLoop::end_waiting(SteadyTime now) {
  const auto longest = is_busy() ? kLongestWaitIfBusy : kLongestWait;
  std::vector<Flight*> late;
  for (const auto& [key, flights] : waiting_)
    for (Flight* flight : flights)
      if (flight->stage_began + longest <= now) late.push_back(flight);
  for (Flight* flight : late) {
    stop_waiting(*flight);
    find_addresses(*flight);
  }
}

/// What came while other events were served had been there for an unknown time: then only the wait
/// for events counts.
void TargetLoop::note_answer_time(const Flight& flight, PoolEntry& entry) const {
  const bool next_turn = flight.turn + 1 >= turn_;
  const SteadyTime since =
      next_turn ? std::max(turn_ended_, flight.stage_began) : flight.stage_began;
  const Duration took = std::max(poller_.now() - since, Duration::zero());
  ++entry.answers;
  entry.answer_time += (took - entry.answer_time) / (entry.answer_time == Duration::zero() ? 1 : 8);
}

void TargetLoop::find_addresses(Flight& flight) {
  const std::string& host = connect_host(flight.request);
  const auto ip = net::IpAddress::parse(host);
  if (ip.ok()) return set_addresses(flight, {*ip});
  if (!options_.proxy || options_.proxy->kind == Proxy::Kind::kSocks5) return look_up(flight, host);
  // The proxy looks it up: its address is not known here.
  flight.addresses = {{net::IpAddress(), connect_port(flight.request)}};
  flight.next_address = 0;
  connect(flight);
}

/// What is sent to an http proxy itself: not TLS, and not bytes that must arrive as they are.
bool TargetLoop::uses_absolute_form(const Request& request) const {
  return options_.proxy && !options_.proxy->is_socks() && !request.url.is_tls() &&
         request.wire.empty();
}

Route TargetLoop::route(const Request& request, const net::SocketAddress& to) const {
  Route route;
  route.to = route.peer = to;
  if (request.url.is_tls()) {
    route.tls = world_.tls;
    route.server_name = sni_of(request);
  }
  if (!options_.proxy) return route;
  route.proxy = &*options_.proxy;
  route.to = options_.proxy->addresses.front();
  if (options_.proxy->kind == Proxy::Kind::kHttps) route.proxy_tls = world_.tls;
  if (uses_absolute_form(request)) return route;
  route.tunnel = ProxyGoal{connect_host(request), std::nullopt, to.port};
  if (to.ip != net::IpAddress()) route.tunnel->ip = to.ip;
  return route;
}

void TargetLoop::look_up(Flight& flight, const std::string& host) {
  flight.stage = Flight::Stage::kLookup;
  std::vector<Flight*>& waiting = lookups_[host];
  waiting.push_back(&flight);
  if (waiting.size() > 1) return;
  world_.lookup.lookup(host, [inbox = inbox_, host](Result<net::HostLookup::Addresses> addresses) {
    inbox->put(LoopInbox::Answer{host, std::move(addresses)});
  });
}

void TargetLoop::on_addresses(const std::string& host,
                              const Result<net::HostLookup::Addresses>& addresses) {
  const auto found = lookups_.find(host);
  if (found == lookups_.end()) return;
  const std::vector<Flight*> waiting = std::move(found->second);
  lookups_.erase(found);
  for (Flight* flight : waiting) {
    if (addresses.ok()) {
      set_addresses(*flight, *addresses);
    } else {
      fail(*flight, addresses.error().with_context("look up " + host));
    }
  }
}

/// Keeps the addresses that the scope does not exclude: their name was allowed already, and none of
/// its aliases is excluded.
void TargetLoop::set_addresses(Flight& flight, const net::HostLookup::Addresses& addresses) {
  flight.addresses.clear();
  flight.next_address = 0;
  for (const std::string& alias : addresses.aliases) {
    if (world_.scope.allows_alias(alias)) continue;
    counters_.refused_by_scope.add();
    return fail(flight,
                {ErrorCode::kDenied, "alias outside the scope: " + connect_host(flight.request) +
                                         " leads to " + alias});
  }
  flight.aliases = addresses.aliases;
  for (const net::IpAddress& ip : addresses) {
    if (world_.scope.allows_resolved(ip)) {
      flight.addresses.push_back({ip, connect_port(flight.request)});
    }
  }
  if (!flight.addresses.empty()) return connect(flight);
  counters_.refused_by_scope.add();
  fail(flight, {ErrorCode::kDenied, "address outside the scope: " + connect_host(flight.request)});
}

Result<std::unique_ptr<Connection>> TargetLoop::open(const Flight& flight,
                                                     const net::SocketAddress& to) {
  for (;;) {
    auto opened = Connection::open(shared_, route(flight.request, to));
    if (opened.ok() || opened.error().code != ErrorCode::kExhausted) return opened;
    // An idle connection is worth less than a new one.
    if (!pool_.retire_oldest()) return opened;
  }
}

void TargetLoop::connect(Flight& flight) {
  Error error = flight.last_error;
  while (flight.next_address < flight.addresses.size()) {
    const net::SocketAddress to = flight.addresses[flight.next_address++];
    auto opened = open(flight, to);
    if (!opened.ok()) {
      error = options_.proxy ? proxy_error(*options_.proxy, opened.error()) : opened.error();
      continue;
    }
    Connection& connection = pool_.add(std::move(opened).value(), flight.key);
    connection.flight = &flight;
    flight.connection = &connection;
    flight.stage = Flight::Stage::kConnecting;
    const SteadyTime patience = time_now() + options_.connect_timeout;
    wheel_.arm(flight, std::min(flight.deadline, patience));
    return;
  }
  fail(flight, std::move(error));
}

void TargetLoop::connected(Connection& connection) {
  Flight& flight = *connection.flight;
  wheel_.arm(flight, flight.deadline);
  exchange(flight, connection);
}

void TargetLoop::exchange(Flight& flight, Connection& connection) {
  connection.flight = &flight;
  flight.connection = &connection;
  flight.stage = Flight::Stage::kExchanging;
  flight.stage_began = world_.clock.now();
  flight.turn = turn_;
  flight.at_proxy = false;
  flight.parser = ResponseParser(parser_options(flight.request));
  const std::string_view bytes = flight.bytes();
  if (!flight.request.gate) return connection.exchange(bytes, flight.parser);
  connection.exchange(bytes.substr(0, bytes.size() - 1), flight.parser);
  gates_.hold(flight);
}

void TargetLoop::broken(Connection& connection, const Error& error) {
  Flight* flight = std::exchange(connection.flight, nullptr);
  const bool was_reused = connection.exchanges() > 1;
  const bool was_connecting = connection.state() == Connection::State::kConnecting;
  const bool at_proxy = connection.at_proxy();
  if (flight != nullptr) audit(*flight, connection, &error);
  retire(connection);
  if (flight == nullptr) return;
  gates_.leave(*flight);
  flight->connection = nullptr;
  unpause(*flight);
  const Error reason = at_proxy ? proxy_error(*options_.proxy, error) : error;
  flight->at_proxy = at_proxy && reason.code != ErrorCode::kRefused;
  if (was_connecting) {
    flight->last_error = reason;
    return connect(*flight);
  }
  if (!at_proxy && !was_reused && error.code == ErrorCode::kNetwork) {
    world_.limiter.struggled(connect_host(flight->request));
  }
  try_again(*flight, reason, was_reused);
}

/// A pooled connection may have died while idle: that costs no try. Otherwise only what may be
/// better next time is tried again, and only while the first attempt's time lasts.
void TargetLoop::try_again(Flight& flight, const Error& error, bool was_reused) {
  if (was_reused && !flight.avoid_pool && !flight.parser.head_complete()) {
    flight.avoid_pool = true;
    wheel_.disarm(flight);
    return take_turn(flight);
  }
  const bool in_time = world_.clock.now() - flight.began < flight.request.timeout;
  if (error.code != ErrorCode::kNetwork || flight.tries >= flight.request.retries || !in_time) {
    return fail(flight, error);
  }
  const auto pause =
      std::min(options_.retry_delay * (1 << std::min(flight.tries, 10)), kMaxRetryDelay);
  ++flight.tries;
  counters_.retries.add();
  flight.budget = flight.request.timeout;
  wheel_.disarm(flight);
  delay(flight, poller_.now() + pause, &TargetLoop::take_turn);
}

void TargetLoop::on_deadline(Flight& flight) {
  const Flight::Stage stage = flight.stage;
  const bool more_addresses = stage == Flight::Stage::kConnecting &&
                              poller_.now() < flight.deadline &&
                              flight.next_address < flight.addresses.size();
  // Without a length only the peer's silence tells the end of what an unsafe request asked for.
  const bool open_end = stage == Flight::Stage::kExchanging && flight.parser.head_complete() &&
                        (flight.request.read_to_end || !flight.request.wire.empty()) &&
                        flight.parser.end().ok();
  Connection* connection = flight.connection;
  if (open_end) return answered(*connection, false);
  const bool at_proxy = connection != nullptr && connection->at_proxy();
  count_timeout(flight, stage);
  if (connection != nullptr) {
    const Error late = timeout_error("answer", flight.request.timeout);
    audit(flight, *connection, &late);
  }
  detach(flight);
  flight.at_proxy = at_proxy;
  if (at_proxy) {
    return fail(flight,
                proxy_error(*options_.proxy, timeout_error("connect", flight.request.timeout)));
  }
  if (stage != Flight::Stage::kLookup) world_.limiter.struggled(connect_host(flight.request));
  if (more_addresses) return connect(flight);
  switch (stage) {
    case Flight::Stage::kLookup:
      return fail(flight, timeout_error("look up", flight.request.timeout));
    case Flight::Stage::kConnecting:
      return fail(flight, timeout_error("connect", std::min(flight.request.timeout,
                                                            options_.connect_timeout)));
    default:
      return fail(flight, timeout_error(flight.parser.head_complete() ? "body" : "answer",
                                        flight.request.timeout));
  }
}

void TargetLoop::count_timeout(const Flight& flight, Flight::Stage stage) {
  if (stage == Flight::Stage::kLookup) return counters_.timeouts_dial.add();
  if (stage == Flight::Stage::kExchanging) {
    const bool in_body = flight.parser.head_complete();
    return in_body ? counters_.timeouts_body.add() : counters_.timeouts_header.add();
  }
  const bool in_tls =
      flight.connection != nullptr && flight.connection->state() == Connection::State::kHandshake;
  in_tls ? counters_.timeouts_tls.add() : counters_.timeouts_dial.add();
}

/// Takes \p flight off whatever would move it on, and ends its connection.
void TargetLoop::detach(Flight& flight) {
  gates_.leave(flight);
  unpause(flight);
  wheel_.disarm(flight);
  if (flight.timer != 0) poller_.cancel(std::exchange(flight.timer, 0));
  if (flight.stage == Flight::Stage::kWaiting) stop_waiting(flight);
  if (flight.stage == Flight::Stage::kLookup) {
    for (auto& [host, waiting] : lookups_) std::erase(waiting, &flight);
  }
  if (Connection* connection = std::exchange(flight.connection, nullptr)) {
    connection->flight = nullptr;
    retire(*connection);
  }
}

// ---- the answer -------------------------------------------------------------------------------

void TargetLoop::answered(Connection& connection, bool reusable) {
  Flight& flight = *std::exchange(connection.flight, nullptr);
  gates_.leave(flight);
  flight.connection = nullptr;
  counters_.responses.add();
  Response& response = flight.parser.response();
  response.ip = connection.peer().ip;
  response.aliases = std::move(flight.aliases);
  if (flight.request.tls_details) response.tls = connection.tls_peer(flight.request.url.host);
  response.duration =
      std::chrono::duration_cast<std::chrono::microseconds>(connection.head_at() - flight.began);
  audit(flight, connection, nullptr);
  if (reusable && !flight.request.fresh_connection) {
    note_answer_time(flight, *connection.entry);
    if (!hand_over(connection, flight)) pool_.give(connection, poller_.now());
  } else {
    retire(connection);
  }
  wheel_.disarm(flight);
  if (!flight.proxied.empty() && response.status == 407) {
    flight.at_proxy = true;
    return fail(flight,
                proxy_error(*options_.proxy, {ErrorCode::kDenied, "it wants another login (407)"}));
  }
  pace(flight, response);
  finish_hop(flight);
}

/// Who says that it is asked too often is asked less often, from now on.
void TargetLoop::pace(const Flight& flight, const Response& response) {
  const std::string& host = connect_host(flight.request);
  if (response.status != 429 && response.status != 503) return world_.limiter.answered(host);
  const auto asked = retry_after(response, world_.clock.wall());
  if (response.status == 503 && !asked) return world_.limiter.answered(host);
  world_.limiter.overran(host);
  if (!asked) return;
  const Duration pause = std::min<Duration>(*asked, options_.max_hold);
  world_.limiter.hold(host, world_.clock.now() + pause);
}

void TargetLoop::finish_hop(Flight& flight) {
  const Request& request = flight.request;
  Response& response = flight.parser.response();
  decode_response(request, response);
  if (request.cookies) request.cookies->store(request.url, response.headers);
  if (request.strict_location && has_unreadable_location(response)) {
    return fail(flight, {ErrorCode::kProtocol, "redirect: bad location"});
  }
  const int followed = static_cast<int>(flight.exchange.hops.size());
  if (request.redirects != Request::Redirects::kNone && followed < request.max_redirects) {
    auto next = next_hop(flight.first_request(), request, response);
    if (!next.ok()) return fail(flight, next.error());
    if (next->has_value() && in_scope(world_.scope, **next)) {
      return follow(flight, std::move(**next));
    }
    if (next->has_value()) counters_.refused_by_scope.add();
  }
  response.url = std::move(flight.request.url);
  flight.exchange.hops.push_back(std::move(response));
  complete(flight, std::move(flight.exchange));
}

void TargetLoop::follow(Flight& flight, Request next) {
  Response& response = flight.parser.response();
  response.url = flight.request.url;
  response.body.clear();
  response.body.shrink_to_fit();
  flight.exchange.hops.push_back(std::move(response));
  if (!flight.first) flight.first = std::make_unique<Request>(std::move(flight.request));
  flight.request = std::move(next);
  flight.avoid_pool = false;
  flight.budget = std::max(flight.deadline - poller_.now(), Duration::zero());
  begin_hop(flight);
}

/// Told at the end of the turn, so that send() never calls back.
void TargetLoop::fail(Flight& flight, Error error) {
  wheel_.disarm(flight);
  flight.stage = Flight::Stage::kFailed;
  failures_.emplace_back(&flight, std::move(error));
}

void TargetLoop::complete(Flight& flight, Result<Exchange> result) {
  if (!result.ok()) counters_.errors.add();
  if (!result.ok() && flight.at_proxy) counters_.proxy_errors.add();
  const std::size_t slot = flight.slot;
  const std::unique_ptr<Flight> owned = std::move(flights_[slot]);
  if (slot + 1 != flights_.size()) {
    flights_[slot] = std::move(flights_.back());
    flights_[slot]->slot = slot;
  }
  flights_.pop_back();
  owned->done(std::move(result));
  admit_queued();
}

void TargetLoop::again(Connection& connection) {
  if (connection.resuming) return;
  connection.resuming = true;
  readers_.push_back(&connection);
}

/// One record for each attempt whose bytes went out: those that never got a connection are none.
void TargetLoop::audit(Flight& flight, const Connection& connection, const Error* error) {
  if (options_.audit == nullptr || flight.stage != Flight::Stage::kExchanging) return;
  const Request& request = flight.request;
  model::AuditRecord record;
  record.time = world_.clock.wall();
  if (request.origin) record.origin = *request.origin;
  record.method =
      request.wire.empty() ? request.method : request.wire.substr(0, request.wire.find(' '));
  record.url = request.url.to_string();
  const bool known = connection.peer().ip != net::IpAddress();
  record.address = known ? connection.peer().to_string() : "proxy";
  record.bytes_out = flight.bytes().size();
  if (error != nullptr) {
    record.error = error->message;
  } else {
    const Response& response = flight.parser.response();
    record.status = response.status;
    record.bytes_in = response.body.size();
    record.duration = response.duration;
  }
  options_.audit->sent(record);
}

// ---- memory -----------------------------------------------------------------------------------

bool TargetLoop::may_read(Connection& connection) {
  if (options_.memory == nullptr || !options_.memory->limited()) return true;
  Flight& flight = *connection.flight;
  if (flight.paused) return false;
  if (lease(flight)) return true;
  flight.paused = true;
  flight.paused_at = poller_.now();
  wheel_.disarm(flight);  // what we make it wait is not its fault
  paused_.push_back(&flight);
  return false;
}

/// Without a length the lease grows by as much as there is: that is how the buffer grows too.
bool TargetLoop::lease(Flight& flight) {
  const std::size_t wanted = flight.parser.body_bytes_after(kReadBuffer);
  if (wanted <= flight.memory.bytes()) return true;
  const bool known = flight.parser.body_bytes_after(0) == wanted;
  return options_.memory->raise(flight.memory, known ? wanted : 2 * wanted);
}

void TargetLoop::resume_paused() {
  while (!paused_.empty() && lease(*paused_.front())) {
    Flight& flight = *paused_.front();
    unpause(flight);
    flight.deadline += poller_.now() - flight.paused_at;
    wheel_.arm(flight, flight.deadline);
    again(*flight.connection);
  }
}

void TargetLoop::unpause(Flight& flight) {
  if (std::exchange(flight.paused, false)) std::erase(paused_, &flight);
}

void TargetLoop::retire(Connection& connection) {
  if (connection.resuming) std::erase(readers_, &connection);
  connection.resuming = false;
  pool_.retire(connection);
}

}  // namespace m8::http
