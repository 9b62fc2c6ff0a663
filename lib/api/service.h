/// Service: the API, its dashboard, metrics and health, on one server.
///
/// One thread runs it; the server has threads of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "api/alert_watch.h"
#include "api/events.h"
#include "api/router.h"
#include "api/samples.h"
#include "api/scans.h"
#include "api/token_book.h"
#include "api/world.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"
#include "metrics/health.h"
#include "metrics/metrics.h"
#include "metrics/watch.h"
#include "net/scope.h"
#include "queue/broker.h"
#include "serve/server.h"
#include "store/store.h"

namespace m8::api {

struct ServiceOptions {
  serve::ServerOptions server;
  RouterOptions router;
  ScanOptions scans;
  net::Scope scope;
  /// Of /health and /ready; besides, the store is asked.
  std::vector<metrics::Check> checks;
  /// Of the broker's queues, for /health; empty: there are none.
  std::function<std::map<std::string, std::uint64_t>()> queue_depths;
  std::chrono::milliseconds check_deadline{2'000};
  /// What the broker's queues hold; empty without one, and while it is gone. May be null.
  std::function<std::optional<std::vector<queue::QueueState>>()> broker;
  AlertOptions alerts;      ///< thresholds of /api/v1/alerts
  int db_connections = 25;  ///< that the store's pool may open
};

class Service {
 public:
  /// Listens. Errors of Server::create() and of the store. \p clock is borrowed.
  static Result<std::unique_ptr<Service>> create(ServiceOptions options,
                                                 std::unique_ptr<store::Store> store, Clock& clock);
  ~Service();
  const net::SocketAddress& address() const { return server_->address(); }
  /// Serves until \p stop; then lets requests end, and stops the scans.
  void run(std::stop_token stop);
  serve::Server::Counters counters() const { return server_->counters(); }
  Scans::Counts scan_counts() const { return scans_.counts(); }
  /// The document that /api/v1/openapi.json answers with.
  const std::string& document() const { return document_; }

 private:
  Service(ServiceOptions&& options, std::unique_ptr<store::Store> store, Clock& clock);
  Status start();
  void add_routes();
  std::vector<Route> service_routes();
  void fill(Sample& sample);
  metrics::PerformanceNumbers numbers();
  void measure();
  void keep_sample();
  Result<serve::Response> summary(const Call& call);
  Result<std::string> counted();
  Result<serve::Response> alerts(const Call& call);
  struct Checked {
    metrics::HealthStatus status;
    SteadyTime at{};
  };
  metrics::HealthStatus check(Guarded<Checked>& known, std::chrono::milliseconds again,
                              const std::vector<std::string>& only);
  metrics::HealthStatus check_all();
  Result<serve::Response> health(const Call& call);
  Result<serve::Response> ready(const Call& call);
  Result<serve::Response> queue(const Call& call);
  Result<serve::Response> used(const Call& call);
  Result<serve::Response> exposition(const Call& call);
  Result<serve::Response> openapi_document(const Call& call);

  ServiceOptions options_;
  const std::unique_ptr<store::Store> store_;
  Clock& clock_;
  std::unique_ptr<serve::Server> server_;  ///< outlives all that wakes its streams
  Events events_;
  Samples samples_;
  TokenBook book_;
  Scans scans_;
  World world_;
  Router router_;
  std::vector<std::string> essential_;  ///< names of checks
  metrics::HealthChecker checker_;
  AlertWatch watch_;
  Guarded<Checked> all_checked_, essential_checked_;
  std::string document_;
  struct Counted {
    std::string json;
    SteadyTime at{};
  };
  Guarded<Counted> counted_;  ///< counting a million rows takes a while
  metrics::Watch tokens_;
  metrics::Registry::Sampling pool_sampling_;
  metrics::Registry::Sampling sampling_;
};

}  // namespace m8::api
