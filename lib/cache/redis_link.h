/// RedisLink: one pipelined connection to a Redis, kept up by a thread of its own.
///
/// send() and ask() from any thread; commands go out in that order. While the connection is down
/// they fail at once; it is tried again in the background, later and later. A Redis that lets
/// several commands in a row wait for longer than they may is left, as if it were gone. (A host
/// name is looked up by the system, on the link's thread: the end of the link may wait for that.)
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "cache/redis_connection.h"
#include "net/poller.h"

namespace m8::cache {

class RedisLink final : private RedisConnection::Owner {
 public:
  struct Options {
    RedisUrl url;
    std::chrono::milliseconds connect_timeout{2'000};  ///< until its answer to the login
    std::size_t in_flight_bytes = 8u << 20;            ///< of commands; more are kExhausted
    std::chrono::milliseconds retry_delay{200};        ///< before the second try; doubles
    std::chrono::milliseconds retry_max_delay{15'000};
  };
  using Commands = std::vector<RedisCommand>;
  /// One reply for each command.
  using Replies = std::vector<RedisReply>;
  using Done = std::function<void(Result<Replies>)>;

  /// Begins to connect. kIo, kExhausted for want of descriptors.
  static Result<std::unique_ptr<RedisLink>> start(Options options);
  /// What was sent may be answered for up to a second; then it fails with kCancelled.
  ~RedisLink() override;

  /// Calls \p done once, on the link's thread or at once. kNetwork: not connected, or not any more;
  /// kTimeout: no answer within \p timeout; kExhausted: too much is in flight.
  void send(Commands commands, std::chrono::milliseconds timeout, Done done);
  /// send() that waits. Returns within about \p timeout. Not on the link's thread.
  Result<Replies> ask(Commands commands, std::chrono::milliseconds timeout);

  /// "ok", "connecting", or why there is no connection.
  std::string state() const { return *state_.lock(); }
  std::uint64_t connections() const { return connections_.load(std::memory_order_relaxed); }

 private:
  struct Batch;
  enum class Phase { kConnecting, kUp, kDown };

  RedisLink(Options options, net::Poller poller);
  // All of these on the link's thread.
  void run(std::stop_token stop);
  void connect();
  void greet();
  void greeted(const Result<Replies>& replies);
  void take(std::shared_ptr<Batch> batch);
  void write(std::shared_ptr<Batch> batch);
  void late(const std::shared_ptr<Batch>& batch);
  void finish(Batch& batch, Result<Replies> result);
  void replied(RedisReply reply) override;
  void lost(const Error& reason) override;

  const Options options_;
  net::Poller poller_;
  Guarded<std::string> state_{std::string("connecting")};
  std::atomic<Phase> phase_{Phase::kConnecting};
  std::atomic<std::size_t> in_flight_bytes_{0};
  std::atomic<std::uint64_t> connections_{0};
  std::unique_ptr<RedisConnection> connection_;
  /// Shared by these and by the batches' timers. What waits for its replies, in their order, and
  /// what waits for the first connection.
  std::deque<std::shared_ptr<Batch>> asked_, waiting_;
  int late_in_a_row_ = 0;
  std::chrono::milliseconds delay_;
  bool retrying_ = false;  ///< a try to connect is due
  bool ending_ = false;
  std::jthread thread_;
};

}  // namespace m8::cache
