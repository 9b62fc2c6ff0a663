/// RabbitMQ as a Broker: two connections, because one that publishes may be stopped by the broker,
/// and acknowledgements must not be.
///
/// The second is made when the first message is published.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "queue/broker.h"
#include "queue/registry.h"

namespace m8::queue {

/// See open_broker().
Result<std::unique_ptr<Broker>> open_rabbitmq(const std::string& url, const BrokerOptions& options,
                                              Clock& clock, std::stop_token stop);

}  // namespace m8::queue
