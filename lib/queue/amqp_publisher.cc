#include "queue/amqp_publisher.h"

#include <fmt/format.h>

#include "base/log.h"
#include "queue/amqp_words.h"
#include "queue/broker_metrics.h"

namespace m8::queue::amqp {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostBacklog = 1u << 20;  // bytes that wait for the socket before we wait
constexpr milliseconds kFirstRetry{10}, kLastRetry{1000};
constexpr milliseconds kReopen{200};  // after the broker closed the channel
constexpr std::size_t kFirstBatch = 16;
constexpr int kMostLosses = 10;  // of the channel in a row, before its messages are given up

/// Whether \p text, RabbitMQ's, is about \p exchange.
bool names_exchange(const std::string& text, const std::string& exchange) {
  const std::string& name = exchange.empty() ? "amq.default" : exchange;
  return text.find(fmt::format("exchange '{}'", name)) != text.npos;
}

Error nowhere(const Address& to) {
  return {ErrorCode::kNotFound,
          fmt::format("no queue takes what is sent to '{}' with key '{}'", to.exchange, to.key)};
}

}  // namespace

Status AmqpPublisher::submit(const Address& to, Message message, Broker::Confirmed done,
                             std::stop_token stop) {
  Outgoing outgoing{to, std::move(message), std::move(done)};
  outgoing.bytes = outgoing.message.bytes();
  const auto& options = connection_.options();
  const auto has_room = [&] {
    return end_ || in_flight_ == 0 ||
           (in_flight_ < options.in_flight &&
            in_flight_bytes_ + outgoing.bytes <= options.in_flight_bytes);
  };
  std::unique_lock lock(mutex_);
  ++waiters_;
  const bool room = room_.wait(lock, stop, has_room);
  --waiters_;
  if (!room) return Error{ErrorCode::kCancelled, "publish: stopped"};
  if (end_) return *end_;
  ++in_flight_;
  ++published_;
  in_flight_bytes_ += outgoing.bytes;
  const bool first = inbox_.empty();
  inbox_.push_back(std::move(outgoing));
  lock.unlock();
  if (first) connection_.wake();
  return {};
}

PublisherStats AmqpPublisher::stats() const {
  PublisherStats out;
  out.confirmed = confirmed_;
  out.refused = refused_count_;
  out.returned = returned_;
  out.republished = republished_;
  std::lock_guard lock(mutex_);
  out.published = published_;
  out.in_flight = in_flight_;
  return out;
}

void AmqpPublisher::up() { open_channel(); }

void AmqpPublisher::open_channel() {
  if (!connection_.is_up() || is_open()) return;
  if (!connection_.attach(*this).ok()) return;
  put_confirm_select(connection_.out(), number());
  first_tag_ = 1;
  expect([this](const Result<Reply>& reply) { ready_ = reply.ok(); });
}

/// What was sent and not confirmed goes before what was not sent yet.
void AmqpPublisher::lost(const Error& why) {
  ready_ = false;
  std::erase_if(unconfirmed_, [](const Outgoing& outgoing) { return outgoing.settled; });
  const bool again = connection_.is_up() && ++losses_ >= kMostLosses;
  for (Outgoing& outgoing : unconfirmed_) {
    // An exchange that is missing or forbidden ends the channel, and would end the next.
    const bool at_fault = connection_.is_up() && names_exchange(why.message, outgoing.to.exchange);
    if (!at_fault && !again) continue;
    if (at_fault) ++returned_;
    finish(outgoing, why);
  }
  std::erase_if(unconfirmed_, [](const Outgoing& outgoing) { return outgoing.settled; });
  republished_ += unconfirmed_.size();
  while (!unconfirmed_.empty()) {
    waiting_.push_front(std::move(unconfirmed_.back()));
    unconfirmed_.pop_back();
  }
  for (Outgoing& outgoing : waiting_) outgoing.returned.reset();
  give_room();
  if (!connection_.is_up()) return;
  if (losses_ <= 1) return connection_.post([this] { open_channel(); });
  log::get("queue")->warn("the broker closed the channel for messages: {}", why.message);
  connection_.poller().at(connection_.poller().now() + kReopen, [this] { open_channel(); });
}

void AmqpPublisher::given_up(const Error& why) {
  {
    std::lock_guard lock(mutex_);
    end_ = why;
    for (Outgoing& outgoing : inbox_) waiting_.push_back(std::move(outgoing));
    inbox_.clear();
    room_.notify_all();
  }
  for (auto* all : {&unconfirmed_, &refused_, &waiting_}) {
    for (Outgoing& outgoing : *all)
      if (!outgoing.settled) finish(outgoing, why);
    all->clear();
  }
  give_room();
}

void AmqpPublisher::turn() {
  {
    std::lock_guard lock(mutex_);
    taken_.swap(inbox_);
  }
  for (Outgoing& outgoing : taken_) waiting_.push_back(std::move(outgoing));
  taken_.clear();
  send_waiting();
  give_room();
}

void AmqpPublisher::send_waiting() {
  if (!ready_ || connection_.is_blocked()) return;
  while (!waiting_.empty() && connection_.backlog() < kMostBacklog) {
    Outgoing outgoing = std::move(waiting_.front());
    waiting_.pop_front();
    if (send(outgoing)) unconfirmed_.push_back(std::move(outgoing));
  }
}

bool AmqpPublisher::send(Outgoing& outgoing) {
  const Sending how{connection_.options().persistent, connection_.frame_max()};
  const Status sent = put_publish(connection_.out(), number(), outgoing.to, outgoing.message, how);
  if (!sent.ok()) finish(outgoing, sent);
  outgoing.sent = connection_.poller().now();
  return sent.ok();
}

void AmqpPublisher::confirmed(const Method& method) {
  const bool taken = method.id == MethodId::kBasicAck;
  if (method.tag < first_tag_ || method.tag >= first_tag_ + unconfirmed_.size()) return;
  const std::size_t last = method.tag - first_tag_;
  for (std::size_t i = method.multiple ? 0 : last; i <= last; ++i)
    if (!unconfirmed_[i].settled) settle(unconfirmed_[i], taken);
  drop_settled();
}

void AmqpPublisher::settle(Outgoing& outgoing, bool taken) {
  count_publish(connection_.poller().now() - outgoing.sent, taken);
  if (taken) {
    if (outgoing.returned) return finish(outgoing, *outgoing.returned);
    ++confirmed_;
    refusals_ = losses_ = 0;
    return finish(outgoing, {});
  }
  ++refused_count_;
  Outgoing again = std::move(outgoing);
  again.returned.reset();
  outgoing.settled = true;
  refused_.push_back(std::move(again));
  retry_later();
}

void AmqpPublisher::finish(Outgoing& outgoing, const Status& status) {
  outgoing.settled = true;
  ++done_;
  done_bytes_ += outgoing.bytes;
  if (outgoing.done) outgoing.done(status);
}

void AmqpPublisher::drop_settled() {
  while (!unconfirmed_.empty() && unconfirmed_.front().settled) {
    unconfirmed_.pop_front();
    ++first_tag_;
  }
}

/// Once for all that was settled in a turn: whoever waits is woken once.
void AmqpPublisher::give_room() {
  if (done_ == 0) return;
  std::lock_guard lock(mutex_);
  in_flight_ -= done_;
  in_flight_bytes_ -= done_bytes_;
  done_ = done_bytes_ = 0;
  if (waiters_ > 0) room_.notify_all();
}

void AmqpPublisher::retry_later() {
  if (retry_timer_ != 0) return;
  retry_batch_ = refusals_ == 0 ? std::max(retry_batch_ * 2, kFirstBatch) : kFirstBatch;
  const auto delay = std::min(kFirstRetry * (1 << std::min(refusals_, 10)), kLastRetry);
  ++refusals_;
  auto& poller = connection_.poller();
  retry_timer_ = poller.at(poller.now() + delay, [this] { retry(); });
}

/// A few at a time, oldest first: a full queue has room for few. All go as long as none is refused.
void AmqpPublisher::retry() {
  retry_timer_ = 0;
  const auto count = std::min(retry_batch_, refused_.size());
  const auto end = refused_.begin() + static_cast<std::ptrdiff_t>(count);
  waiting_.insert(waiting_.begin(), std::make_move_iterator(refused_.begin()),
                  std::make_move_iterator(end));
  refused_.erase(refused_.begin(), end);
  if (!refused_.empty()) retry_later();
}

/// A message that no queue takes comes back before its confirmation.
void AmqpPublisher::received(MethodId id, Content content) {
  if (id != MethodId::kBasicReturn) return;
  for (Outgoing& outgoing : unconfirmed_) {
    if (outgoing.settled || outgoing.returned || outgoing.message.id != content.message.id)
      continue;
    if (!(outgoing.to == content.sent_to)) continue;
    outgoing.returned = nowhere(outgoing.to);
    ++returned_;
    return;
  }
}

}  // namespace m8::queue::amqp
