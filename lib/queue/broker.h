/// Broker: queues of messages between programs. In this process, or RabbitMQ; opened by URL, see
/// registry.h.
///
/// At least once: what publish() called good is with a queue, and stays there until a consumer
/// acknowledges it. It may come twice (Delivery::redelivered, or after a publisher's reconnect
/// without that mark): consumers go by Message::id.
///
/// Thread-safe. A connection that breaks is made again, with what was declared, who consumes and
/// what was not confirmed; until then callers wait. Errors that every function may give: kCancelled
/// (stop), kTimeout (no answer), kNetwork (the broker is gone for good, or was closed), kDenied
/// (login, rights), kRefused (nobody listens), kNotFound (vhost, queue, exchange), kProtocol.
/// Messages never have a password in them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "queue/message.h"
#include "queue/topology.h"

namespace m8::queue {

/// What a queue holds now.
struct QueueState {
  std::string name;
  std::uint64_t messages = 0;   ///< that wait; not those that a consumer holds
  std::uint64_t consumers = 0;  ///< of all programs
};

/// What a broker object took from one queue since it was opened.
struct QueueCounts {
  std::uint64_t delivered = 0;
  std::uint64_t redelivered = 0;  ///< of delivered
  std::uint64_t acked = 0, rejected = 0, requeued = 0;
};

/// What a broker object did since it was opened.
struct BrokerStats {
  std::uint64_t published = 0;    ///< handed over by callers
  std::uint64_t confirmed = 0;    ///< taken by the broker
  std::uint64_t refused = 0;      ///< times that a full queue refused one, which was sent again
  std::uint64_t returned = 0;     ///< no queue took it
  std::uint64_t republished = 0;  ///< sent again after a reconnect
  std::uint64_t delivered = 0;
  std::uint64_t redelivered = 0;  ///< of delivered
  std::uint64_t acked = 0, rejected = 0, requeued = 0;
  std::uint64_t stale = 0;       ///< settled after their connection was gone: they come again
  std::uint64_t reconnects = 0;  ///< connections made again after they broke
  std::uint64_t blocks = 0;      ///< times that the broker told us to wait (memory, disk)
  std::size_t in_flight = 0;     ///< published and not yet confirmed, now
  std::size_t channels_open = 0, channels_idle = 0;  ///< now
  std::uint64_t channels_opened = 0, channels_closed = 0;
  bool connected = true;                      ///< now
  bool blocked = false;                       ///< now
  std::map<std::string, QueueCounts> queues;  ///< those that it consumed from
};

/// Takes messages from one queue. Used by one thread at a time; ack() and reject() by any. The
/// destructor ends it: what was delivered and not settled goes back to the queue.
class Consumer {
 public:
  virtual ~Consumer() = default;

  /// The next message; empty after \p timeout or when stop is requested, or when it was cancelled
  /// and nothing is left. An error ends the consumer: the queue was deleted, the broker is gone.
  virtual Result<std::optional<Delivery>> next(std::chrono::milliseconds timeout,
                                               std::stop_token stop) = 0;
  /// Settles \p delivery, on the channel that it came by: done, forget it. Does not wait. Good also
  /// if that channel is gone by now: then the broker delivers it again, and stats() counts it.
  virtual Status ack(const Delivery& delivery) = 0;
  /// Settles it as not done: \p requeue puts it back into the queue; otherwise it dead-letters as
  /// "rejected".
  virtual Status reject(const Delivery& delivery, bool requeue) = 0;
  /// Asks for no more. What was prefetched and not given out goes back; what was given out can
  /// still be settled. Idempotent.
  virtual void cancel() = 0;
};

/// What replay() and dead_letters() are to look at.
struct DeadLetterFilter {
  std::string queue;      ///< the dead-letter queue
  std::string id;         ///< this message only; empty: all
  std::string reason;     ///< "expired", "rejected"...; empty: all
  std::string from;       ///< those that died in this queue; empty: all
  std::size_t max = 100;  ///< at most so many
};

class Broker {
 public:
  /// Called once, from any thread, with what became of a message; it must not wait, nor call the
  /// broker. Good: a queue has it. kNotFound: no queue takes what is sent there.
  using Confirmed = std::function<void(Status)>;

  virtual ~Broker() = default;

  /// "RabbitMQ 3.10.8 at amqp://HOST:PORT/VHOST", "in this process".
  virtual std::string describe() const = 0;
  /// Good if the broker answers; for health checks.
  virtual Status ping(std::stop_token stop) = 0;

  /// Makes what is missing, and again after a reconnect. kExists if something is there and
  /// different: the message is the differences in words, and nothing was changed.
  virtual Status declare(const Topology& topology, std::stop_token stop) = 0;
  /// What is missing or different; makes and changes nothing. Bindings can't be asked for.
  virtual Result<std::vector<Difference>> compare(const Topology& topology,
                                                  std::stop_token stop) = 0;
  /// kNotFound.
  virtual Result<QueueState> inspect(const std::string& queue, std::stop_token stop) = 0;
  /// Drops what waits in \p queue; how many those were. kNotFound.
  virtual Result<std::uint64_t> purge(const std::string& queue, std::stop_token stop) = 0;
  /// Removes a queue with all that is in it, and forgets that it was declared. Good if it is not
  /// there.
  virtual Status remove_queue(const std::string& queue, std::stop_token stop) = 0;

  /// Hands \p message over and returns as soon as there is room for it among those that are not
  /// confirmed yet (BrokerOptions::in_flight): the producer waits, nothing is dropped. \p done is
  /// called if and only if this returned good. Messages to one queue arrive in the order of the
  /// calls unless one had to be sent again.
  virtual Status submit(const Address& to, Message message, Confirmed done,
                        std::stop_token stop) = 0;
  /// Sends one message and waits until a queue has it. After kCancelled it may have arrived all the
  /// same.
  Status publish(const Address& to, Message message, std::stop_token stop);
  /// Sends all, many in flight, and waits for all; the first error, after all are settled.
  Status publish_all(const Address& to, std::vector<Message> messages, std::stop_token stop);

  /// Begins to take messages from \p queue, at most \p prefetch unsettled ones at a time (1 to
  /// 65535). kNotFound. The broker must outlive the consumer.
  virtual Result<std::unique_ptr<Consumer>> consume(const std::string& queue,
                                                    std::uint16_t prefetch,
                                                    std::stop_token stop) = 0;

  /// Messages of a dead-letter queue, which stay there (marked as redelivered). Looks at no more
  /// than the queue holds at the call.
  virtual Result<std::vector<Delivery>> dead_letters(const DeadLetterFilter& filter,
                                                     std::stop_token stop) = 0;
  /// Sends those messages again to where they were sent before their last death, each removed from
  /// the dead letters when a queue has it; what can't be sent stays. How many were sent.
  virtual Result<std::size_t> replay(const DeadLetterFilter& filter, std::stop_token stop) = 0;

  virtual BrokerStats stats() const = 0;
};

}  // namespace m8::queue
