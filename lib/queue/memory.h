/// The broker of one process: no server, nothing kept.
///
/// Thread-safe. It behaves as RabbitMQ does in what Broker promises: bounds, expiry, dead letters,
/// alternate exchanges, one delivery at a time to a consumer that holds its prefetch.
#pragma once

#include <memory>

#include "base/clock.h"
#include "queue/broker.h"

namespace m8::queue {

/// \p clock is borrowed while the broker lives.
std::unique_ptr<Broker> make_memory_broker(Clock& clock);

}  // namespace m8::queue
