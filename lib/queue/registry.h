/// Which broker a URL means.
///
/// Threads: plain functions, no state.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "queue/broker.h"

namespace m8::queue {

struct BrokerOptions {
  std::size_t in_flight = 1'000;                      ///< messages not yet confirmed, at most
  std::size_t in_flight_bytes = 32u << 20;            ///< and their bytes
  bool persistent = true;                             ///< messages survive a restart of the broker
  std::size_t idle_channels = 10;                     ///< kept open for the next who needs one
  std::chrono::seconds heartbeat{10};                 ///< a silent peer is gone after two of them
  std::chrono::milliseconds connect_timeout{10'000};  ///< of a connection with its login
  std::chrono::milliseconds answer_timeout{30'000};   ///< of one request to the broker
  std::chrono::milliseconds reconnect_delay{500};     ///< before the second try; doubles
  std::chrono::milliseconds reconnect_max_delay{30'000};
  int max_retries = 0;  ///< tries to reconnect in a row before it is an error; 0: any number
  std::string more_ca;  ///< file of certificates to trust beside the system's, PEM
  std::string name;     ///< of the connection, as the broker's tools show it
};

/// Whether open_broker() takes \p url; asks nobody. kInvalidArgument.
Status check_url(const std::string& url);

/// Opens \p url: empty or "memory:" is a broker of its own in this process; "amqp://" and
/// "amqps://USER:PASSWORD@HOST:PORT/VHOST" are RabbitMQ (port 5672 or 5671, user and password
/// "guest", vhost "/" unless given; percent-encoded). The first connection is made before this
/// returns. kInvalidArgument (another scheme, too), kDenied, kNotFound (vhost), kRefused,
/// kTimeout, kNetwork, kProtocol, kCancelled. \p clock is borrowed while the broker lives.
Result<std::unique_ptr<Broker>> open_broker(const std::string& url, const BrokerOptions& options,
                                            Clock& clock, std::stop_token stop);

}  // namespace m8::queue
