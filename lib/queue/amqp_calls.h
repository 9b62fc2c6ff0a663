/// AmqpCalls: requests to a broker by threads that wait for the answer, on pooled channels.
///
/// Thread-safe but for what is said of Lease. A request that the broker refuses closes its channel;
/// only channels that are open, with nothing left to come, are kept for others.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "queue/amqp_connection.h"

namespace m8::queue::amqp {

/// Appends a request for a channel to \p out.
using Request = std::function<void(std::string& out, std::uint16_t channel)>;

class AmqpCalls final : public Role {
 public:
  /// A channel of one's own until it goes. Used by one thread. It must not outlive the AmqpCalls.
  class Lease {
   public:
    explicit Lease(AmqpCalls& calls);
    /// Gives the channel back, or closes it if it is to be kept from others.
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    /// Sends \p request and waits for its answer. Opens the channel at the first call; waits for
    /// the connection if that is being made again, but an error if a channel that was used is gone.
    /// kTimeout, kCancelled, and what the broker says.
    Result<Reply> call(const Request& request, std::stop_token stop);
    /// Sends what has no answer.
    void send(const Request& request);
    /// Closes the channel: what was taken on it and not settled goes back. Waits until it has.
    void discard(std::stop_token stop);

   private:
    AmqpCalls& calls_;
    /// Shared with tasks on the connection's thread, which may run after this object went.
    std::shared_ptr<AmqpChannel> channel_;
    bool used_ = false;
  };

  /// Both borrowed; register it with the connection before that starts.
  explicit AmqpCalls(AmqpConnection& connection) : connection_(connection) {}

  /// One request on a channel of the pool.
  Result<Reply> call(const Request& request, std::stop_token stop);
  /// Channels that wait for whoever needs one, now.
  std::size_t idle() const { return idle_count_.load(); }

 private:
  friend class Lease;
  struct Call;

  void up() override;
  void down(const Error& why) override;
  void given_up(const Error& why) override;

  Result<Reply> wait(const std::shared_ptr<Call>& call, std::stop_token stop);
  // On the connection's thread:
  void begin(std::shared_ptr<Call> call);
  void send(const std::shared_ptr<Call>& call);
  std::shared_ptr<AmqpChannel> take_idle();
  void give_back(const std::shared_ptr<AmqpChannel>& channel);

  AmqpConnection& connection_;
  std::vector<std::shared_ptr<Call>> waiting_;        ///< for the connection
  std::vector<std::shared_ptr<AmqpChannel>> idle_;    ///< shared with no lease any more
  std::vector<std::shared_ptr<AmqpChannel>> leased_;  ///< keeps them until nothing is to come
  std::atomic<std::size_t> idle_count_{0};
};

}  // namespace m8::queue::amqp
