/// BrokerView: what the queues of the configured broker hold, for m8 serve.
///
/// A thread of its own, if there is a broker. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "cli/flag.h"
#include "metrics/watch.h"
#include "queue/broker.h"

namespace m8::app {

class BrokerView {
 public:
  /// Looks every few seconds, from when the broker can first be reached, and keeps m8_queue_depth
  /// and m8_queue_consumers. Without --queue-url it does nothing. \p flags are borrowed.
  explicit BrokerView(const cli::Values& flags);

  /// Empty without a broker, and while it can't be reached.
  std::optional<std::vector<queue::QueueState>> queues() const { return *seen_.lock(); }

 private:
  void look(const std::stop_token& stop);
  Result<std::vector<queue::QueueState>> ask(const std::stop_token& stop);

  const cli::Values& flags_;
  std::unique_ptr<queue::Broker> broker_;
  Guarded<std::optional<std::vector<queue::QueueState>>> seen_;
  metrics::Watch watch_;
};

}  // namespace m8::app
