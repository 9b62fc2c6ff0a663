#include "queue/amqp_calls.h"

#include <fmt/format.h>

namespace m8::queue::amqp {

/// A request under way. Shared by who waits and the connection's thread.
struct AmqpCalls::Call {
  Request request;
  std::shared_ptr<AmqpChannel>* channel = nullptr;  ///< of the lease; touched while it waits only
  bool fresh = true;                                ///< the lease has no channel yet

  std::mutex mutex;
  std::condition_variable_any done;
  std::optional<Result<Reply>> result;
  bool abandoned = false;  ///< nobody waits: not to be sent any more

  void finish(Result<Reply> reply) {
    std::lock_guard lock(mutex);
    if (!result) result = std::move(reply);
    done.notify_all();
  }
};

AmqpCalls::Lease::Lease(AmqpCalls& calls)
    : calls_(calls), channel_(std::make_shared<AmqpChannel>()) {}

AmqpCalls::Lease::~Lease() {
  calls_.connection_.post([&calls = calls_, channel = channel_] { calls.give_back(channel); });
}

Result<Reply> AmqpCalls::Lease::call(const Request& request, std::stop_token stop) {
  auto call = std::make_shared<Call>();
  call->request = request;
  call->fresh = !std::exchange(used_, true);
  call->channel = &channel_;
  calls_.connection_.post([&calls = calls_, call] { calls.begin(call); });
  return calls_.wait(call, stop);
}

void AmqpCalls::Lease::send(const Request& request) {
  auto& connection = calls_.connection_;
  connection.post([&connection, channel = channel_, request] {
    if (connection.is_up() && channel->is_open()) request(connection.out(), channel->number());
  });
}

void AmqpCalls::Lease::discard(std::stop_token stop) {
  auto call = std::make_shared<Call>();
  auto& connection = calls_.connection_;
  connection.post([&connection, channel = channel_, call] {
    connection.detach(*channel, [call] { call->finish(Reply{}); });
  });
  // Without an answer the channel's end comes with the connection's.
  static_cast<void>(calls_.wait(call, stop));
}

Result<Reply> AmqpCalls::call(const Request& request, std::stop_token stop) {
  Lease lease(*this);
  return lease.call(request, stop);
}

Result<Reply> AmqpCalls::wait(const std::shared_ptr<Call>& call, std::stop_token stop) {
  std::unique_lock lock(call->mutex);
  const auto timeout = connection_.options().answer_timeout;
  call->done.wait_for(lock, stop, timeout, [&] { return call->result.has_value(); });
  if (call->result) return *call->result;
  call->abandoned = true;
  if (stop.stop_requested()) return Error{ErrorCode::kCancelled, "stopped"};
  return Error{ErrorCode::kTimeout,
               fmt::format("no answer of the broker within {} ms", timeout.count())};
}

void AmqpCalls::begin(std::shared_ptr<Call> call) {
  if (connection_.end()) return call->finish(*connection_.end());
  if (connection_.is_up()) return send(call);
  waiting_.push_back(std::move(call));
}

void AmqpCalls::send(const std::shared_ptr<Call>& call) {
  std::shared_ptr<AmqpChannel> channel;
  {
    // Whoever waits does not go before this is done: the lease is there.
    std::lock_guard lock(call->mutex);
    if (call->abandoned) return;
    if (call->fresh) {
      if (auto idle = take_idle()) *call->channel = std::move(idle);
      leased_.push_back(*call->channel);
    }
    channel = *call->channel;
  }
  if (!channel->is_open() && call->fresh) {
    const Status opened = connection_.attach(*channel);
    if (!opened.ok()) return call->finish(opened.error());
  }
  if (!channel->is_open())
    return call->finish(Error{ErrorCode::kNetwork, "the channel is gone with its connection"});
  call->request(connection_.out(), channel->number());
  channel->expect([call](Result<Reply> reply) { call->finish(std::move(reply)); });
}

std::shared_ptr<AmqpChannel> AmqpCalls::take_idle() {
  while (!idle_.empty()) {
    auto channel = std::move(idle_.back());
    idle_.pop_back();
    idle_count_ = idle_.size();
    if (channel->is_open()) return channel;
  }
  return nullptr;
}

void AmqpCalls::give_back(const std::shared_ptr<AmqpChannel>& channel) {
  std::erase(leased_, channel);
  if (!channel->is_open()) return;
  const bool keep = !channel->expects() && idle_.size() < connection_.options().idle_channels;
  if (!keep) return connection_.detach(*channel);
  idle_.push_back(channel);
  idle_count_ = idle_.size();
}

void AmqpCalls::up() {
  for (const auto& call : std::exchange(waiting_, {})) send(call);
}

void AmqpCalls::down(const Error&) {
  idle_.clear();
  idle_count_ = 0;
}

void AmqpCalls::given_up(const Error& why) {
  for (const auto& call : std::exchange(waiting_, {})) call->finish(why);
  idle_.clear();
  idle_count_ = 0;
}

}  // namespace m8::queue::amqp
