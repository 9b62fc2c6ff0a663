#include "broker_view.h"

#include "metrics/metrics.h"
#include "metrics/table.h"
#include "queue/broker_metrics.h"
#include "queue/settings.h"

namespace m8::app {

BrokerView::BrokerView(const cli::Values& flags) : flags_(flags) {
  const std::string url = queue::chosen_url(flags);
  if (url.empty() || url == "memory:") return;
  watch_ = metrics::Watch([this](const std::stop_token& stop) { look(stop); });
}

Result<std::vector<queue::QueueState>> BrokerView::ask(const std::stop_token& stop) {
  if (!broker_) broker_ = M8_TRY(queue::open_chosen(flags_, stop));
  std::vector<queue::QueueState> states;
  for (const std::string& queue : queue::queues_of(queue::chosen_names(flags_), 1)) {
    const auto state = broker_->inspect(queue, stop);
    if (state.ok()) states.push_back(*state);
    // One that was never declared is no error.
    if (!state.ok() && state.error().code != ErrorCode::kNotFound) return state.error();
  }
  return states;
}

void BrokerView::look(const std::stop_token& stop) {
  const auto states = ask(stop);
  if (!states.ok()) {
    seen_.lock()->reset();
    return;
  }
  auto& all = metrics::Registry::process();
  for (const queue::QueueState& state : *states) {
    all.gauge(metrics::kQueueDepth, {state.name}).set(static_cast<double>(state.messages));
    all.gauge(metrics::kQueueConsumers, {state.name}).set(static_cast<double>(state.consumers));
  }
  *seen_.lock() = *states;
}

}  // namespace m8::app
