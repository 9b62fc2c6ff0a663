#include "queue/rabbitmq.h"

#include <fmt/format.h>

#include "queue/amqp_calls.h"
#include "queue/amqp_consumer.h"
#include "queue/amqp_publisher.h"
#include "queue/amqp_topology.h"
#include "queue/memory_queues.h"

namespace m8::queue {
namespace {

using amqp::AmqpCalls;
using amqp::Content;
using amqp::Reply;

Delivery delivery_of(Content content, const std::string& queue) {
  Delivery out;
  out.message = std::move(content.message);
  out.queue = queue;
  out.sent_to = std::move(content.sent_to);
  out.redelivered = content.redelivered;
  out.deaths = std::move(content.deaths);
  out.tag = content.tag;
  return out;
}

std::string in_words(const std::vector<Difference>& differences) {
  std::string words;
  for (const Difference& difference : differences)
    if (!difference.name.empty()) words += (words.empty() ? "" : "; ") + difference.to_string();
  return words;
}

class RabbitMq final : public Broker {
 public:
  RabbitMq(const amqp::AmqpUrl& url, const BrokerOptions& options, Clock& clock)
      : clock_(clock),
        control_(url, options, declared_, clock),
        publishing_(url, options, declared_, clock),
        calls_(control_),
        consumers_(control_),
        publisher_(publishing_) {
    control_.add_role(calls_);
    control_.add_role(consumers_);
    publishing_.add_role(publisher_);
  }
  ~RabbitMq() override {
    publishing_.close();
    control_.close();
  }

  Status open(std::stop_token stop) {
    M8_TRY(control_.start(false));
    return control_.wait_first(stop);
  }

  std::string describe() const override {
    return fmt::format("{} at {}", control_.product(), control_.url().shown());
  }

  Status ping(std::stop_token stop) override {
    const ExchangeSpec any{.name = "amq.direct", .type = "direct", .alternate = {}};
    M8_TRY(calls_.call(
        [any](std::string& out, std::uint16_t channel) {
          amqp::put_declare(out, channel, any, {}, true);
        },
        stop));
    return {};
  }

  Status declare(const Topology& topology, std::stop_token stop) override {
    const auto differences = M8_TRY(amqp::compare(calls_, topology, stop));
    if (std::string words = in_words(differences); !words.empty())
      return Error{ErrorCode::kExists, std::move(words)};
    M8_TRY(amqp::make(calls_, topology, stop));
    amqp::merge(topology, *declared_.lock());
    return {};
  }
  Result<std::vector<Difference>> compare(const Topology& topology, std::stop_token stop) override {
    return amqp::compare(calls_, topology, stop);
  }

  Result<QueueState> inspect(const std::string& queue, std::stop_token stop) override {
    QueueSpec spec;
    spec.name = queue;
    const Reply reply = M8_TRY(calls_.call(
        [spec](std::string& out, std::uint16_t channel) {
          amqp::put_declare(out, channel, spec, {}, true);
        },
        stop));
    return QueueState{queue, reply.messages, reply.consumers};
  }
  Result<std::uint64_t> purge(const std::string& queue, std::stop_token stop) override {
    const Reply reply = M8_TRY(calls_.call(
        [queue](std::string& out, std::uint16_t channel) { amqp::put_purge(out, channel, queue); },
        stop));
    return std::uint64_t(reply.messages);
  }
  Status remove_queue(const std::string& queue, std::stop_token stop) override {
    amqp::forget_queue(queue, *declared_.lock());
    M8_TRY(calls_.call(
        [queue](std::string& out, std::uint16_t channel) { amqp::put_delete(out, channel, queue); },
        stop));
    return {};
  }

  Status submit(const Address& to, Message message, Confirmed done, std::stop_token stop) override {
    M8_TRY(check_message(message));
    if (to.exchange.size() > kMaxName || to.key.size() > kMaxName)
      return Error{ErrorCode::kInvalidArgument, "publish: an exchange or key of over 255 bytes"};
    M8_TRY(start_publishing());
    if (message.id.empty()) message.id = new_message_id();
    message.published = std::chrono::floor<std::chrono::seconds>(clock_.wall());
    return publisher_.submit(to, std::move(message), std::move(done), stop);
  }

  Result<std::unique_ptr<Consumer>> consume(const std::string& queue, std::uint16_t prefetch,
                                            std::stop_token stop) override {
    return consumers_.consume(queue, prefetch, stop);
  }

  Result<std::vector<Delivery>> dead_letters(const DeadLetterFilter& filter,
                                             std::stop_token stop) override {
    std::vector<Delivery> out;
    M8_TRY(each_letter(filter, stop, [&](AmqpCalls::Lease&, Delivery letter) {
      out.push_back(std::move(letter));
      return out.size() < filter.max;
    }));
    return out;
  }

  Result<std::size_t> replay(const DeadLetterFilter& filter, std::stop_token stop) override {
    std::size_t sent = 0;
    Status last;
    M8_TRY(each_letter(filter, stop, [&](AmqpCalls::Lease& lease, Delivery letter) {
      if (letter.deaths.empty()) return true;
      const Status status = publish(letter.deaths.front().sent_to, std::move(letter.message), stop);
      if (status.ok()) {
        ++sent;
        lease.send([tag = letter.tag](std::string& out, std::uint16_t channel) {
          amqp::put_ack(out, channel, tag, false);
        });
      } else if (status.error().code != ErrorCode::kNotFound) {
        last = status;
      }
      return last.ok() && sent < filter.max;
    }));
    if (!last.ok()) return last.error();
    return sent;
  }

  BrokerStats stats() const override;

 private:
  /// Takes the letters that \p filter wants, in order, until \p see says false. What it does not
  /// acknowledge goes back to the queue.
  Status each_letter(const DeadLetterFilter& filter, std::stop_token stop,
                     const std::function<bool(AmqpCalls::Lease&, Delivery)>& see) {
    std::uint64_t left = M8_TRY(inspect(filter.queue, stop)).messages;
    AmqpCalls::Lease lease(calls_);
    for (; left > 0; --left) {
      const auto get = [queue = filter.queue](std::string& out, std::uint16_t channel) {
        amqp::put_get(out, channel, queue);
      };
      Reply reply = M8_TRY(lease.call(get, stop));
      if (!reply.content) break;
      if (!reply.content->readable.ok()) continue;
      Delivery letter = delivery_of(std::move(*reply.content), filter.queue);
      if (wants(filter, letter) && !see(lease, std::move(letter))) break;
    }
    lease.discard(stop);
    return {};
  }

  Status start_publishing() {
    std::call_once(publishing_once_, [&] { publishing_started_ = publishing_.start(true); });
    return publishing_started_;
  }

  Clock& clock_;
  Guarded<Topology> declared_;
  amqp::AmqpConnection control_, publishing_;
  AmqpCalls calls_;
  amqp::AmqpConsumers consumers_;
  amqp::AmqpPublisher publisher_;
  std::once_flag publishing_once_;
  Status publishing_started_;
};

BrokerStats RabbitMq::stats() const {
  BrokerStats out;
  const auto sent = publisher_.stats();
  out.published = sent.published;
  out.confirmed = sent.confirmed;
  out.refused = sent.refused;
  out.returned = sent.returned;
  out.republished = sent.republished;
  out.in_flight = sent.in_flight;
  const auto taken = consumers_.stats();
  out.delivered = taken.delivered;
  out.redelivered = taken.redelivered;
  out.acked = taken.acked;
  out.rejected = taken.rejected;
  out.requeued = taken.requeued;
  out.stale = taken.stale;
  out.queues = taken.queues;
  const auto control = control_.stats(), publishing = publishing_.stats();
  out.reconnects = control.reconnects + publishing.reconnects;
  out.blocks = control.blocks + publishing.blocks;
  out.channels_open = control.channels_open + publishing.channels_open;
  out.channels_opened = control.channels_opened + publishing.channels_opened;
  out.channels_closed = control.channels_closed + publishing.channels_closed;
  out.channels_idle = calls_.idle();
  out.connected = control.connected;
  out.blocked = publishing.blocked || control.blocked;
  return out;
}

}  // namespace

Result<std::unique_ptr<Broker>> open_rabbitmq(const std::string& url, const BrokerOptions& options,
                                              Clock& clock, std::stop_token stop) {
  const auto place = M8_TRY(amqp::AmqpUrl::parse(url));
  auto broker = std::make_unique<RabbitMq>(place, options, clock);
  const Status opened = broker->open(stop);
  if (!opened.ok()) return opened.error().with_context("broker " + place.shown());
  return std::unique_ptr<Broker>(std::move(broker));
}

}  // namespace m8::queue
