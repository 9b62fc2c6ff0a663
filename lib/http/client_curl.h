/// CurlClient: the engine for services: libcurl's multi interface on one thread of its own.
///
/// One connection cache for the process, under the limits of ServiceOptions; HTTP/2 where the
/// server offers it, its streams shared. A call is tried again as its request and the options say,
/// and a host that keeps failing is left alone for a while. Any thread may call.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/retry.h"
#include "http/service_connections.h"
#include "http/service_options.h"
#include "http/session.h"
#include "net/circuit_breaker.h"
#include "net/rate_limiter.h"

namespace m8::http {

class Transfer;

class CurlClient {
 public:
  /// \p limiter and \p clock are borrowed. kInternal if libcurl can't be set up, kInvalidArgument
  /// for a proxy that is none.
  static Result<std::unique_ptr<CurlClient>> create(ServiceOptions options,
                                                    net::RateLimiter& limiter, Clock& clock);
  ~CurlClient();
  /// Cancels what is under way and joins; calls end with kCancelled from now on. Not from two
  /// threads at once.
  void stop();

  /// As Session::call().
  Result<Response> call(const Request& request, std::stop_token stop);
  void add_to(SessionStats& stats) const;
  std::vector<net::CircuitBreaker::Host> hosts() { return breaker_.hosts(); }

 private:
  /// What one try came to, redirects followed.
  struct Try {
    Result<Response> response;
    bool was_sent = true;  ///< the service may have seen the request
    bool again = false;    ///< it may go better next time
  };
  CurlClient(ServiceOptions options, net::RateLimiter& limiter, Clock& clock);
  Try attempt(const Request& request, const std::stop_token& stop);
  Try one_hop(const Request& hop, SteadyTime& deadline, const std::stop_token& stop);
  Status take_turn(const std::string& host, const std::stop_token& stop);
  Try judge(const Request& hop, const std::string& host, Transfer& transfer);
  std::optional<Duration> pause_after(const Request& request, const Try& tried, int tries);
  Status wait(Transfer& transfer, const std::stop_token& stop);

  void run(const std::stop_token& stop);
  void take_orders();
  void collect_finished();
  void check_times();
  void close_idle();
  int patience_ms();
  void finish(Transfer& transfer, int code);
  void count(Transfer& transfer, int code);
  void cancel_all();

  struct MultiHandle;
  const ServiceOptions options_;
  net::RateLimiter& limiter_;
  Clock& clock_;
  const Backoff backoff_;
  net::CircuitBreaker breaker_;
  ServiceConnections connections_;
  std::unique_ptr<MultiHandle> multi_;  ///< replaced under mutex_ by the thread alone
  std::mutex mutex_;
  std::condition_variable_any finished_;
  std::vector<Transfer*> starting_;  ///< guarded by mutex_, as the next two
  std::vector<Transfer*> cancelling_;
  bool closed_ = false;
  std::vector<Transfer*> running_;  ///< the thread's own, as the next three
  SteadyTime next_check_{};
  SteadyTime last_used_{};
  long max_connects_ = 0;
  std::atomic<std::uint64_t> requests_{0}, responses_{0}, errors_{0}, retries_{0};
  std::atomic<std::uint64_t> connections_made_{0}, bytes_in_{0}, bytes_out_{0};
  std::atomic<std::uint64_t> proxy_connects_{0}, proxy_errors_{0};
  std::atomic<std::uint64_t> timeouts_dial_{0}, timeouts_tls_{0}, timeouts_header_{0};
  std::atomic<std::uint64_t> timeouts_body_{0}, timeouts_total_{0};
  std::jthread thread_;
};

}  // namespace m8::http
