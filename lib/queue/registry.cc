// Which broker a URL means.
#include "queue/registry.h"

#include <fmt/format.h>

#include "queue/memory.h"
#include "queue/rabbitmq.h"

namespace m8::queue {
namespace {

using Opened = Result<std::unique_ptr<Broker>>;

Opened open_memory(const std::string&, const BrokerOptions&, Clock& clock, std::stop_token) {
  return make_memory_broker(clock);
}

struct Backend {
  std::string_view scheme;
  Opened (*open)(const std::string& url, const BrokerOptions& options, Clock& clock,
                 std::stop_token stop);
};

constexpr Backend kBackends[] = {
    {"memory", open_memory},
    {"amqp", open_rabbitmq},
    {"amqps", open_rabbitmq},
};

}  // namespace

Opened open_broker(const std::string& url, const BrokerOptions& options, Clock& clock,
                   std::stop_token stop) {
  if (url.empty()) return open_memory(url, options, clock, stop);
  const std::string_view scheme = std::string_view(url).substr(0, url.find(':'));
  for (const Backend& backend : kBackends)
    if (scheme == backend.scheme) return backend.open(url, options, clock, stop);
  // The rest of the URL may hold a password: it is not repeated.
  return Error{ErrorCode::kUnsupported,
               fmt::format("broker '{}:': known are amqp://HOST/VHOST, amqps://HOST/VHOST and "
                           "memory:",
                           scheme)};
}

}  // namespace m8::queue
