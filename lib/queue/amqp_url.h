/// AmqpUrl: where a RabbitMQ is and how to log in. Source: RabbitMQ's URI specification.
///
/// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::queue::amqp {

struct AmqpUrl {
  bool tls = false;
  std::string host = "localhost";
  std::uint16_t port = 5672;
  std::string user = "guest", password = "guest";
  std::string vhost = "/";

  /// amqp[s]://[USER[:PASSWORD]@][HOST][:PORT][/VHOST], parts percent-encoded: "/%2f" is the vhost
  /// "/", as is no vhost at all. kInvalidArgument, without a word of the login.
  static Result<AmqpUrl> parse(std::string_view text);
  /// Without user and password: "amqp://localhost:5672/vhost".
  std::string shown() const;
};

}  // namespace m8::queue::amqp
