/// The numbers of a broker as metrics: what this program did with it, and what its queues hold.
#pragma once

#include <chrono>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "metrics/metrics.h"
#include "metrics/watch.h"
#include "queue/broker.h"

namespace m8::queue {

/// Keeps m8_queue_messages_total (by queue what was taken, under "all" what was sent) and the
/// operations and errors of the component "queue" up to date while it lives. Borrows \p broker.
[[nodiscard]] metrics::Registry::Sampling sample_broker(const Broker& broker);

/// Puts how long a broker took to answer for a message into
/// m8_service_call_duration_seconds{service="broker",call="publish"}.
void count_publish(std::chrono::nanoseconds took, bool confirmed);

/// The work queues, the first \p count of them, and those of what died and of what no queue took.
std::vector<std::string> queues_of(const Names& names, std::size_t count);

/// How many messages wait in each queue of ours that the broker has. Errors of Broker::inspect()
/// but kNotFound.
Result<std::map<std::string, std::uint64_t>> depths_of(Broker& broker, const Names& names,
                                                       std::stop_token stop);

/// Asks for m8_queue_depth and m8_queue_consumers of \p queues before it returns, and then every
/// metrics::Watch::kEvery. What the broker does not have is left out; while it is gone the last
/// numbers stay. Borrows \p broker.
[[nodiscard]] metrics::Watch watch_queues(Broker& broker, std::vector<std::string> queues,
                                          const std::stop_token& stop);

}  // namespace m8::queue
