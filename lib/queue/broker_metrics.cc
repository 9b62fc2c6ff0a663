#include "queue/broker_metrics.h"

#include <utility>

namespace m8::queue {
namespace {

metrics::Registry& registry() { return metrics::Registry::process(); }

using Events = std::initializer_list<std::pair<const char*, std::uint64_t>>;

void count(const std::string& queue, const Events& events) {
  for (const auto& [event, count] : events)
    registry().counter(metrics::kQueueMessages, {queue, event}).raise_to(count);
}

void put(const BrokerStats& stats) {
  count("all", {{"published", stats.published},
                {"confirmed", stats.confirmed},
                {"refused", stats.refused},
                {"returned", stats.returned},
                {"republished", stats.republished},
                {"stale", stats.stale}});
  for (const auto& [queue, counts] : stats.queues)
    count(queue, {{"delivered", counts.delivered},
                  {"redelivered", counts.redelivered},
                  {"acked", counts.acked},
                  {"rejected", counts.rejected},
                  {"requeued", counts.requeued}});
  registry().counter(metrics::kOperations, {"queue"}).raise_to(stats.confirmed + stats.delivered);
  registry().counter(metrics::kErrors, {"queue", "returned"}).raise_to(stats.returned);
  registry().counter(metrics::kErrors, {"queue", "reconnected"}).raise_to(stats.reconnects);
}

void look_at(Broker& broker, const std::vector<std::string>& queues, const std::stop_token& stop) {
  for (const std::string& queue : queues) {
    const auto state = broker.inspect(queue, stop);
    if (stop.stop_requested()) return;
    if (!state.ok()) continue;
    registry().gauge(metrics::kQueueDepth, {queue}).set(static_cast<double>(state->messages));
    registry().gauge(metrics::kQueueConsumers, {queue}).set(static_cast<double>(state->consumers));
  }
}

}  // namespace

metrics::Registry::Sampling sample_broker(const Broker& broker) {
  return registry().sample([&broker] { put(broker.stats()); });
}

void count_publish(std::chrono::nanoseconds took, bool confirmed) {
  static metrics::Histogram& good =
      registry().histogram(metrics::kServiceCalls, {"broker", "publish", "confirmed"});
  static metrics::Histogram& bad =
      registry().histogram(metrics::kServiceCalls, {"broker", "publish", "refused"});
  (confirmed ? good : bad).observe(took);
}

std::vector<std::string> queues_of(const Names& names, std::size_t count) {
  std::vector<std::string> queues = {names.dead_letters(), names.unrouted()};
  for (std::size_t i = 0; i < count; ++i) queues.push_back(names.work_queue(i));
  return queues;
}

Result<std::map<std::string, std::uint64_t>> depths_of(Broker& broker, const Names& names,
                                                       std::stop_token stop) {
  std::map<std::string, std::uint64_t> depths;
  const auto add = [&](const std::string& queue) -> Result<bool> {
    const auto state = broker.inspect(queue, stop);
    if (!state.ok() && state.error().code == ErrorCode::kNotFound) return false;
    if (!state.ok()) return state.error();
    depths[queue] = state->messages;
    return true;
  };
  M8_TRY(add(names.dead_letters()));
  M8_TRY(add(names.unrouted()));
  for (std::size_t i = 0; M8_TRY(add(names.work_queue(i))); ++i) continue;
  return depths;
}

metrics::Watch watch_queues(Broker& broker, std::vector<std::string> queues,
                            const std::stop_token& stop) {
  look_at(broker, queues, stop);
  return metrics::Watch([&broker, queues = std::move(queues)](const std::stop_token& end) {
    look_at(broker, queues, end);
  });
}

}  // namespace m8::queue
