/// What a broker has, compared with what it was asked for, by declarations alone: no other
/// interface of it is needed.
///
/// Thread-safe.
#pragma once

#include <stop_token>
#include <vector>

#include "queue/amqp_calls.h"

namespace m8::queue::amqp {

/// See Broker::compare(). A declaration that differs is refused with the first difference; it is
/// asked again with that one given in, until it fits: so all are found, and nothing is made.
Result<std::vector<Difference>> compare(AmqpCalls& calls, const Topology& topology,
                                        std::stop_token stop);
/// Makes all of \p topology. Errors are the broker's.
Status make(AmqpCalls& calls, const Topology& topology, std::stop_token stop);
/// Adds \p more to \p all; what has the same name is replaced.
void merge(const Topology& more, Topology& all);
void forget_queue(const std::string& queue, Topology& all);

}  // namespace m8::queue::amqp
