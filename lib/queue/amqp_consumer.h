/// AmqpConsumer: messages of one queue, on a channel of their own.
///
/// The queue::Consumer half is for its user's threads; the rest runs on the connection's. Both
/// share the state, so that either may go first. After a reconnect, or when the broker closed the
/// channel, it consumes again; what was held then is stale: its acks are counted and dropped,
/// because the broker delivers those messages anew.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "queue/amqp_connection.h"
#include "queue/broker.h"

namespace m8::queue::amqp {

struct ConsumerStats {
  std::uint64_t delivered = 0, redelivered = 0, acked = 0, rejected = 0, requeued = 0, stale = 0;
  std::map<std::string, QueueCounts> queues;
};

/// The consumers of one connection.
class AmqpConsumers final : public Role {
 public:
  /// Borrowed; register it with the connection before that starts.
  explicit AmqpConsumers(AmqpConnection& connection);
  ~AmqpConsumers() override;

  /// Waits until the broker agreed. The consumer must not outlive this.
  Result<std::unique_ptr<Consumer>> consume(const std::string& queue, std::uint16_t prefetch,
                                            std::stop_token stop);
  ConsumerStats stats() const { return *stats_.lock(); }

 private:
  class Handle;
  class Inlet;
  struct Shared;

  void up() override;
  void down(const Error& why) override;
  void given_up(const Error& why) override;
  void turn() override;

  void add(std::shared_ptr<Shared> shared);
  void remove(const std::shared_ptr<Shared>& shared, std::function<void()> done);
  Inlet* find(const Shared* shared);

  AmqpConnection& connection_;
  Guarded<ConsumerStats> stats_;
  std::vector<std::unique_ptr<Inlet>> inlets_;
};

}  // namespace m8::queue::amqp
