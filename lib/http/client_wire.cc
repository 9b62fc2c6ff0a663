#include "http/client_wire.h"

#include <algorithm>

#include "base/hash.h"

namespace m8::http {
namespace {

TargetLoop::Options loop_options(const Session::Options& options) {
  const auto loops = static_cast<std::size_t>(options.loops);
  const auto share = [loops](std::size_t whole) { return (whole + loops - 1) / loops; };
  TargetLoop::Options out;
  out.max_in_flight = std::max<std::size_t>(share(options.max_in_flight), 1);
  out.pool.max_idle_per_key = options.max_idle_per_host;
  out.pool.max_idle = share(options.max_idle);
  out.pool.idle_timeout = options.idle_timeout;
  out.connect_timeout = options.connect_timeout;
  out.retry_delay = options.retry_delay;
  out.max_hold = options.max_hold;
  out.proxy = options.target_proxy;
  out.memory = options.memory;
  out.audit = options.audit;
  return out;
}

}  // namespace

Result<std::unique_ptr<WireClient>> WireClient::create(const Session::Options& options,
                                                       TargetLoop::World world) {
  if (options.loops < 1 || options.loops > 16) {
    return Error{ErrorCode::kInvalidArgument, "http: loops outside 1..16"};
  }
  if (options.target_proxy && options.target_proxy->addresses.empty()) {
    return Error{ErrorCode::kInvalidArgument, "http: the proxy was not looked up"};
  }
  std::unique_ptr<WireClient> client(new WireClient());
  for (int i = 0; i < options.loops; ++i) {
    auto poller = M8_TRY(net::Poller::create());
    client->loops_.push_back(
        std::make_unique<TargetLoop>(loop_options(options), world, std::move(poller)));
  }
  return client;
}

WireClient::~WireClient() {
  for (const auto& loop : loops_) loop->stop();
}

TargetLoop& WireClient::loop_of(const std::string& host) {
  if (loops_.size() == 1) return *loops_[0];
  return *loops_[seeded_hash(host) % loops_.size()];
}

void WireClient::send(Request&& request, Session::Callback&& done) {
  TargetLoop& loop = loop_of(request.url.host);
  loop.send(std::make_unique<Flight>(std::move(request), std::move(done)));
}

void WireClient::post(const std::string& host, std::function<void()> task,
                      std::chrono::milliseconds delay) {
  loop_of(host).post(std::move(task), delay);
}

void WireClient::add_to(SessionStats& stats) const {
  for (const auto& loop : loops_) {
    const Counters& counters = loop->counters();
    stats.requests += counters.requests.value();
    stats.responses += counters.responses.value();
    stats.errors += counters.errors.value();
    stats.connections += counters.connections.value();
    stats.reused += counters.reused.value();
    stats.bytes_in += counters.bytes_in.value();
    stats.bytes_out += counters.bytes_out.value();
    stats.refused_by_scope += counters.refused_by_scope.value();
    stats.retries += counters.retries.value();
    stats.proxy_connects += counters.proxy_connects.value();
    stats.proxy_errors += counters.proxy_errors.value();
    stats.timeouts.dial += counters.timeouts_dial.value();
    stats.timeouts.tls += counters.timeouts_tls.value();
    stats.timeouts.header += counters.timeouts_header.value();
    stats.timeouts.body += counters.timeouts_body.value();
  }
}

}  // namespace m8::http
