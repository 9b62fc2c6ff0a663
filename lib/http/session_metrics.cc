#include "http/session_metrics.h"

#include "metrics/metrics.h"

namespace m8::http {

void count_session(const SessionStats& stats) {
  auto& all = metrics::Registry::process();
  all.counter(metrics::kRequests).raise_to(stats.requests);
  all.counter(metrics::kResponses).raise_to(stats.responses);
  all.counter(metrics::kHttpConnections, {"new"}).raise_to(stats.connections);
  all.counter(metrics::kHttpConnections, {"reused"}).raise_to(stats.reused);
  all.counter(metrics::kHttpRetries).raise_to(stats.retries);
  all.counter(metrics::kHttpTimeouts, {"dial"}).raise_to(stats.timeouts.dial);
  all.counter(metrics::kHttpTimeouts, {"tls"}).raise_to(stats.timeouts.tls);
  all.counter(metrics::kHttpTimeouts, {"header"}).raise_to(stats.timeouts.header);
  all.counter(metrics::kHttpTimeouts, {"body"}).raise_to(stats.timeouts.body);
  all.counter(metrics::kHttpTimeouts, {"total"}).raise_to(stats.timeouts.total);
  all.counter(metrics::kBreakerOpens).raise_to(stats.breaker_opens);
  all.counter(metrics::kBreakerRejections).raise_to(stats.breaker_rejections);
  all.counter(metrics::kNetworkBytes, {"received"}).raise_to(stats.bytes_in);
  all.counter(metrics::kNetworkBytes, {"sent"}).raise_to(stats.bytes_out);
}

void count_call(const std::string& host, const Result<Response>& response,
                std::chrono::nanoseconds took) {
  const std::string result = response.ok() ? std::to_string(response->status / 100) + "xx"
                                           : to_string(response.error().code);
  metrics::Registry::process()
      .histogram(metrics::kServiceCalls, {host, "http", result})
      .observe(took);
}

}  // namespace m8::http
