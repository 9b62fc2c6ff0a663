/// AmqpPublisher: messages to a broker with confirms, many in flight; sent again until a queue has
/// them.
///
/// submit() may be called by any thread and waits for room. Everything else is on the connection's
/// thread. What is not confirmed is kept: after a reconnect it is sent again, in order; what a full
/// queue refused is sent again after a pause that grows with each refusal.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "queue/amqp_connection.h"
#include "queue/broker.h"

namespace m8::queue::amqp {

struct PublisherStats {
  std::uint64_t published = 0, confirmed = 0, refused = 0, returned = 0, republished = 0;
  std::size_t in_flight = 0;
};

class AmqpPublisher final : public Role, AmqpChannel {
 public:
  /// Borrowed; register it with the connection before that starts.
  explicit AmqpPublisher(AmqpConnection& connection) : connection_(connection) {}

  Status submit(const Address& to, Message message, Broker::Confirmed done, std::stop_token stop);
  PublisherStats stats() const;

 private:
  struct Outgoing {
    Address to;
    Message message;
    Broker::Confirmed done;
    std::size_t bytes = 0;
    SteadyTime sent{};                ///< last
    std::optional<Error> returned{};  ///< no queue took it
    bool settled = false;
  };

  void up() override;
  void given_up(const Error& why) override;
  void turn() override;
  void blocked(bool) override {}

  void confirmed(const Method& method) override;
  void received(MethodId id, Content content) override;
  void lost(const Error& why) override;

  void open_channel();
  void send_waiting();
  bool send(Outgoing& outgoing);
  void settle(Outgoing& outgoing, bool taken);
  void finish(Outgoing& outgoing, const Status& status);
  void drop_settled();
  void give_room();
  void retry_later();
  void retry();

  AmqpConnection& connection_;

  mutable std::mutex mutex_;  ///< of what follows
  std::condition_variable_any room_;
  std::vector<Outgoing> inbox_;
  std::size_t in_flight_ = 0, in_flight_bytes_ = 0;
  std::size_t waiters_ = 0;
  std::uint64_t published_ = 0;
  std::optional<Error> end_;

  // On the connection's thread:
  std::vector<Outgoing> taken_;       ///< the inbox, being emptied
  std::deque<Outgoing> waiting_;      ///< to be sent, oldest first
  std::deque<Outgoing> unconfirmed_;  ///< sent; the first has tag first_tag_
  std::deque<Outgoing> refused_;      ///< by a full queue, to be sent again
  std::uint64_t first_tag_ = 1;
  bool ready_ = false;                     ///< the channel is in confirm mode
  std::size_t done_ = 0, done_bytes_ = 0;  ///< since the last give_room()
  std::uint64_t retry_timer_ = 0;
  int refusals_ = 0;  ///< retries in a row that were refused
  std::size_t retry_batch_ = 0;
  int losses_ = 0;  ///< of the channel, by the broker, since the last confirmation
  std::atomic<std::uint64_t> confirmed_{0}, refused_count_{0}, returned_{0}, republished_{0};
};

}  // namespace m8::queue::amqp
