/// What a broker's replies mean: reply codes and texts as errors in our words.
///
/// Threads: plain functions, no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "queue/topology.h"

namespace m8::queue::amqp {

/// The error of a closed channel or connection (AMQP 0-9-1, 1.2 "constants", and RabbitMQ's texts):
/// kNotFound "queue 'x' does not exist", kDenied, kProtocol...; kExists if it was declared
/// otherwise: the text is left as it is, for difference_in().
Error reply_error(std::uint16_t code, std::string_view text);

/// What RabbitMQ's text for code 406 says that it has otherwise: "inequivalent arg 'x-max-length'
/// for queue 'q' in vhost '/': received the value '10' of type 'long' but current is none". Empty
/// if it says something else.
std::optional<Difference> difference_in(std::string_view text);

}  // namespace m8::queue::amqp
