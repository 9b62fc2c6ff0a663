#include "cache/registry.h"

#include <fmt/format.h>

#include "cache/memory.h"
#include "cache/redis.h"

namespace m8::cache {
namespace {

using Opened = Result<std::unique_ptr<Backend>>;

Opened open_memory(const std::string&, const BackendOptions& options, Clock& clock) {
  return std::unique_ptr<Backend>(std::make_unique<Memory>(
      Memory::Options{.limit_bytes = options.memory_bytes, .shards = 0}, clock));
}

Opened open_redis(const std::string& url, const BackendOptions& options, Clock&) {
  Redis::Options redis;
  redis.link.url = M8_TRY(RedisUrl::parse(url));
  redis.link.connect_timeout = options.connect_timeout;
  redis.link.in_flight_bytes = options.in_flight_bytes;
  redis.timeout = options.timeout;
  return std::unique_ptr<Backend>(M8_TRY(Redis::open(std::move(redis))));
}

Opened refuse_tls(const std::string&, const BackendOptions&, Clock&) {
  return Error{ErrorCode::kInvalidArgument,
               "cache 'rediss:': no TLS here (libhiredis of Debian 12 has none): use redis:// "
               "through a tunnel, or a unix socket"};
}

struct Scheme {
  std::string_view name;
  Opened (*open)(const std::string& url, const BackendOptions& options, Clock& clock);
};

constexpr Scheme kSchemes[] = {
    {"memory", open_memory},    {"redis", open_redis},  {"unix", open_redis},
    {"redis+unix", open_redis}, {"rediss", refuse_tls},
};

}  // namespace

Opened open_backend(const std::string& url, const BackendOptions& options, Clock& clock) {
  if (url.empty()) return open_memory(url, options, clock);
  const std::string_view scheme = std::string_view(url).substr(0, url.find(':'));
  for (const Scheme& one : kSchemes)
    if (scheme == one.name) return one.open(url, options, clock);
  // The rest of the URL may hold a password: it is not repeated.
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("cache '{}:': known are redis://HOST:PORT/DB, unix:PATH and memory:",
                           scheme.substr(0, 32))};
}

}  // namespace m8::cache
