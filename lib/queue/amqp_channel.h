/// AmqpChannel: one channel of an AMQP connection: its requests in order, and what comes by itself.
///
/// On the connection's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "queue/amqp_wire.h"

namespace m8::queue::amqp {

/// A message as it arrived.
struct Content {
  Message message;
  std::vector<Death> deaths;
  Address sent_to;
  std::uint64_t tag = 0;
  bool redelivered = false;
  std::uint16_t code = 0;  ///< of a returned one: why
  /// It can't be read: larger than kMaxBody, or its properties are malformed.
  Status readable;
};

/// The answer to one request.
struct Reply {
  MethodId id = MethodId::kNone;
  std::uint32_t messages = 0, consumers = 0;
  std::optional<Content> content;  ///< of get-ok
};

class AmqpConnection;

class AmqpChannel {
 public:
  using Replied = std::function<void(Result<Reply>)>;

  AmqpChannel() = default;
  AmqpChannel(const AmqpChannel&) = delete;
  AmqpChannel& operator=(const AmqpChannel&) = delete;
  virtual ~AmqpChannel() = default;

  /// 0 while it is closed.
  std::uint16_t number() const { return number_; }
  bool is_open() const { return number_ != 0; }
  /// \p replied gets the answer to a request that was just sent: answers come in the order of the
  /// requests. An error if the channel is closed instead.
  void expect(Replied replied) { expected_.push_back(std::move(replied)); }
  bool expects() const { return !expected_.empty(); }

 protected:
  friend class AmqpConnection;
  /// ack or nack of what was published.
  virtual void confirmed(const Method&) {}
  /// deliver or return.
  virtual void received(MethodId, Content) {}
  /// The broker ended the consumer: its queue was deleted.
  virtual void cancelled() {}
  /// The broker closed it, or the connection is gone; number() is 0.
  virtual void lost(const Error&) {}

 private:
  void reply(Result<Reply> reply) {
    if (expected_.empty()) return;
    const Replied replied = std::move(expected_.front());
    expected_.pop_front();
    replied(std::move(reply));
  }
  /// The end of it, for whatever reason.
  void close(const Error& why) {
    number_ = 0;
    while (!expected_.empty()) reply(why);
    lost(why);
  }

  std::uint16_t number_ = 0;
  std::deque<Replied> expected_;
};

}  // namespace m8::queue::amqp
