/// TargetLoop: one thread that carries target requests: admission, scope, rate, names, connections,
/// tries, redirects (templates 3.7, 3.8).
///
/// A flight is at any time in one Stage, and exactly one thing moves it on: a slot that frees up, a
/// timer, a lookup, its connection, or its deadline. Everything private runs on the loop's thread.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "http/connection.h"
#include "http/connection_pool.h"
#include "http/counters.h"
#include "http/deadline_wheel.h"
#include "http/flight.h"
#include "http/loop_inbox.h"
#include "http/proxy.h"
#include "http/race_gate.h"
#include "http/session.h"
#include "net/poller.h"
#include "net/tls.h"

namespace m8::http {

class TargetLoop final : private Connection::Owner {
 public:
  /// What all loops of a session share, borrowed.
  struct World {
    net::HostLookup& lookup;
    const net::Scope& scope;
    net::RateLimiter& limiter;
    Clock& clock;
    std::shared_ptr<net::TlsContext> tls;  ///< shared with every stream
  };
  struct Options {
    std::size_t max_in_flight = 4096;
    ConnectionPool::Options pool;
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds retry_delay{1000};
    std::chrono::milliseconds max_hold{10'000};
    std::optional<Proxy> proxy;        ///< with addresses
    MemoryGovernor* memory = nullptr;  ///< borrowed
    model::Audit* audit = nullptr;     ///< borrowed
  };

  TargetLoop(Options options, World world, net::Poller poller);
  ~TargetLoop() override;
  /// Tells every flight kCancelled (on the loop's thread) and joins it. Idempotent; send() may
  /// still be called and cancels at once.
  void stop();

  /// Any thread.
  void send(std::unique_ptr<Flight> flight);
  void post(std::function<void()> task, std::chrono::milliseconds delay);
  const Counters& counters() const { return counters_; }
  static bool on_loop_thread();

 private:
  void run();
  std::chrono::milliseconds patience() const;
  void take_inbox();
  void resume_readers();
  void check_deadlines();
  void settle_failures();
  void cancel_all();

  void admit(std::unique_ptr<Flight> flight);
  void start(std::unique_ptr<Flight> flight);
  void admit_queued();
  void begin_hop(Flight& flight);
  void delay(Flight& flight, SteadyTime until, void (TargetLoop::*then)(Flight&));
  void take_turn(Flight& flight);
  void launch(Flight& flight);
  void end_turn();
  void lend(Duration turn);
  bool is_busy() const;
  bool enough_connections(const Flight& flight) const;
  void wait_for_connection(Flight& flight);
  bool hand_over(Connection& connection, const Flight& from);
  void stop_waiting(Flight& flight);
  void end_waiting(SteadyTime now);
  void note_answer_time(const Flight& flight, PoolEntry& entry) const;
  void find_addresses(Flight& flight);
  void look_up(Flight& flight, const std::string& host);
  void on_addresses(const std::string& host, const Result<net::HostLookup::Addresses>& addresses);
  void set_addresses(Flight& flight, const net::HostLookup::Addresses& addresses);
  void connect(Flight& flight);
  Result<std::unique_ptr<Connection>> open(const Flight& flight, const net::SocketAddress& to);
  Route route(const Request& request, const net::SocketAddress& to) const;
  bool uses_absolute_form(const Request& request) const;
  void pace(const Flight& flight, const Response& response);
  void count_timeout(const Flight& flight, Flight::Stage stage);
  void exchange(Flight& flight, Connection& connection);
  void try_again(Flight& flight, const Error& error, bool was_reused);
  void on_deadline(Flight& flight);
  void detach(Flight& flight);

  void finish_hop(Flight& flight);
  void follow(Flight& flight, Request next);
  void fail(Flight& flight, Error error);
  void complete(Flight& flight, Result<Exchange> result);

  void connected(Connection& connection) override;
  void answered(Connection& connection, bool reusable) override;
  void broken(Connection& connection, const Error& error) override;
  void again(Connection& connection) override;
  bool may_read(Connection& connection) override;
  bool lease(Flight& flight);
  void resume_paused();
  void unpause(Flight& flight);
  void retire(Connection& connection);
  void audit(Flight& flight, const Connection& connection, const Error* error);

  const Options options_;
  World world_;
  net::Poller poller_;
  Counters counters_;
  const std::shared_ptr<LoopInbox> inbox_;  ///< shared with lookups under way
  std::vector<char> buffer_;
  Connection::Shared shared_;
  ConnectionPool pool_;
  DeadlineWheel wheel_;
  RaceGates gates_{poller_};
  std::vector<std::unique_ptr<Flight>> flights_;  ///< all but the queued
  std::deque<std::unique_ptr<Flight>> queue_;
  std::unordered_map<std::string, std::vector<Flight*>, SeededHash, std::equal_to<>> lookups_;
  /// By pool key: those for whom one of the connections that there are will do.
  std::unordered_map<std::string, std::deque<Flight*>, SeededHash, std::equal_to<>> waiting_;
  std::uint64_t turn_ = 0;
  SteadyTime turn_ended_{};         ///< of the turn before
  double waited_ = 0, worked_ = 0;  ///< seconds of the last turns, fading
  std::vector<std::pair<Flight*, Error>> failures_;
  std::vector<Connection*> readers_;  ///< those that called again()
  std::deque<Flight*> paused_;        ///< wait for memory, the first to wait first
  LoopInbox::Content inbox_content_;
  SteadyTime checked_{};
  std::atomic<bool> stopping_{false};
  std::jthread thread_;
};

}  // namespace m8::http
