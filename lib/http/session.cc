#include "http/session.h"

#include <condition_variable>
#include <mutex>
#include <optional>

#include "http/client_curl.h"
#include "http/client_wire.h"

namespace m8::http {
namespace {

class BothEngines final : public Session {
 public:
  BothEngines(std::unique_ptr<WireClient> targets, std::unique_ptr<CurlClient> services,
              net::RateLimiter& limiter)
      : targets_(std::move(targets)), services_(std::move(services)), limiter_(limiter) {}

  void send(Request request, Callback done) override {
    targets_->send(std::move(request), std::move(done));
  }
  void post(const std::string& host, std::function<void()> task,
            std::chrono::milliseconds delay) override {
    targets_->post(host, std::move(task), delay);
  }
  Result<Response> call(const Request& request, std::stop_token stop) override {
    return services_->call(request, std::move(stop));
  }
  SessionStats stats() const override {
    SessionStats stats;
    targets_->add_to(stats);
    services_->add_to(stats);
    stats.slowdowns = limiter_.slowdowns();
    return stats;
  }
  std::vector<net::CircuitBreaker::Host> service_hosts() override { return services_->hosts(); }

 private:
  std::unique_ptr<WireClient> targets_;
  std::unique_ptr<CurlClient> services_;
  net::RateLimiter& limiter_;
};

/// Where fetch() waits for its callback, which may come after it has given up.
struct Outcome {
  std::mutex mutex;
  std::condition_variable_any arrived;
  std::optional<Result<Exchange>> result;
};

}  // namespace

Result<std::unique_ptr<Session>> Session::create(Options options, net::HostLookup& lookup,
                                                 const net::Scope& scope, net::RateLimiter& limiter,
                                                 Clock& clock) {
  auto tls = M8_TRY(net::TlsContext::target_client());
  auto targets = M8_TRY(WireClient::create(
      options, TargetLoop::World{lookup, scope, limiter, clock, std::move(tls)}));
  auto services = M8_TRY(CurlClient::create(options.service, limiter, clock));
  return std::unique_ptr<Session>(
      std::make_unique<BothEngines>(std::move(targets), std::move(services), limiter));
}

Result<Exchange> Session::fetch(Request request, std::stop_token stop) {
  // Shared by this call and by the callback, which outlives it when stop comes first.
  const auto outcome = std::make_shared<Outcome>();
  send(std::move(request), [outcome](Result<Exchange> result) {
    const std::lock_guard lock(outcome->mutex);
    outcome->result = std::move(result);
    outcome->arrived.notify_all();
  });
  std::unique_lock lock(outcome->mutex);
  if (!outcome->arrived.wait(lock, stop, [&] { return outcome->result.has_value(); })) {
    return Error{ErrorCode::kCancelled, "http: stopped while waiting for the answer"};
  }
  return std::move(*outcome->result);
}

}  // namespace m8::http
