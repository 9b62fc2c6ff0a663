/// RedisConnection: a socket to a Redis and hiredis on it; commands out, replies in, in one order.
///
/// Everything on the thread of its poller.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cache/redis_url.h"
#include "net/poller.h"

namespace m8::cache {

/// A reply away from hiredis. What a stranger sends is bounded: lists of 10 million, depth 7, 64
/// MiB that are not a whole reply yet.
struct RedisReply {
  enum class Kind { kNil, kText, kNumber, kList, kError };
  Kind kind = Kind::kNil;
  std::string text;  ///< of kText and kError
  std::int64_t number = 0;
  std::vector<RedisReply> list;
};

using RedisCommand = std::vector<std::string>;

class RedisConnection final : private net::Poller::Handler {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void replied(RedisReply reply) = 0;
    /// The end: may destroy the connection. kRefused, kNetwork, kProtocol.
    virtual void lost(const Error& reason) = 0;
  };

  /// Begins to connect. kNotFound (host), kRefused, kIo. Borrows \p poller and \p owner.
  static Result<std::unique_ptr<RedisConnection>> open(const RedisUrl& url, net::Poller& poller,
                                                       Owner& owner);
  ~RedisConnection() override;
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  /// Goes out at the poller's next turn.
  void append(const RedisCommand& command);

 private:
  struct Context;
  RedisConnection(std::unique_ptr<Context> context, net::Poller& poller, Owner& owner);
  void ready(std::uint32_t events) override;
  Status send();
  Status receive();
  Error failure() const;

  std::unique_ptr<Context> context_;
  net::Poller& poller_;
  Owner& owner_;
  bool writing_ = true;  ///< told when there is room to write
};

/// Reads \p bytes as replies, as a connection does, and gives them to \p owner: for its fuzz
/// target.
Status read_replies(std::string_view bytes, RedisConnection::Owner& owner);

}  // namespace m8::cache
