// Which broker a URL means.
#include "queue/registry.h"

#include <fmt/format.h>

#include "queue/amqp_url.h"
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

/// kInvalidArgument.
Result<const Backend*> backend_of(const std::string& url) {
  if (url.empty()) return &kBackends[0];
  const std::string_view scheme = std::string_view(url).substr(0, url.find(':'));
  for (const Backend& backend : kBackends)
    if (scheme == backend.scheme) return &backend;
  // The rest of the URL may hold a password: it is not repeated.
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("broker '{}:': known are amqp://HOST/VHOST, amqps://HOST/VHOST and "
                           "memory:",
                           scheme)};
}

}  // namespace

Status check_url(const std::string& url) {
  const Backend* const backend = M8_TRY(backend_of(url));
  if (backend->open == open_rabbitmq) M8_TRY(amqp::AmqpUrl::parse(url));
  return {};
}

Opened open_broker(const std::string& url, const BrokerOptions& options, Clock& clock,
                   std::stop_token stop) {
  const Backend* const backend = M8_TRY(backend_of(url));
  return backend->open(url, options, clock, stop);
}

}  // namespace m8::queue
