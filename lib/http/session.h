/// Session: the one door for HTTP, process-wide, pooled, limited, cancellable.
///
/// Two engines stand behind it. call(): libcurl for services that we trust (sources, webhooks,
/// APIs). send(): our own HTTP/1.1 on epoll for targets, which sends exactly the bytes it is given
/// and reads answers no library accepts. Both check the scope (targets only) and the rate limiter.
///
/// Threads: everything here may be called from any thread. The target engine runs loop threads of
/// its own; one host's requests always meet on the same loop, so that its connections are reused.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>

#include "base/clock.h"
#include "base/memory.h"
#include "base/result.h"
#include "http/request.h"
#include "http/response.h"
#include "net/rate_limiter.h"
#include "net/resolve.h"
#include "net/scope.h"

namespace m8::http {

/// Counted since the session began; a snapshot.
struct SessionStats {
  std::uint64_t requests = 0;  ///< sent, redirect hops and retries included
  std::uint64_t responses = 0;
  std::uint64_t errors = 0;
  std::uint64_t connections = 0;  ///< opened
  std::uint64_t reused = 0;       ///< requests sent on a connection that was there already
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t refused_by_scope = 0;
};

class Session {
 public:
  struct Options {
    int loops = 1;                     ///< target loop threads, 1..16
    std::size_t max_in_flight = 4096;  ///< target requests being worked on; send() queues above it
    std::size_t max_idle_per_host = 32;  ///< pooled idle connections per host:port
    std::size_t max_idle = 4096;         ///< and in all; the oldest is closed first
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::seconds idle_timeout{90};
    /// Before the first further attempt (Request::retries); doubles, at most 10 s.
    std::chrono::milliseconds retry_delay{1000};
    /// Asked before bodies of targets are received; null: no limit. Borrowed.
    MemoryGovernor* memory = nullptr;
    std::string user_agent;  ///< for services; empty = "m8/<version>"
    /// What one call() may take in all, redirects included; Request::timeout bounds each attempt.
    std::chrono::milliseconds service_timeout{30'000};
    std::string service_proxy;  ///< URL (http, https, socks5) for services; empty = none
    std::string service_ca;     ///< file of further trusted certificates; empty = the system's
  };
  /// One finished exchange, or why there is none: kNetwork, kTimeout, kProtocol, kNotFound (name),
  /// kDenied (scope), kCancelled, kExhausted (descriptors).
  using Callback = std::function<void(Result<Exchange>)>;

  /// \p lookup, \p scope, \p limiter and \p clock are borrowed and must outlive the session.
  static Result<std::unique_ptr<Session>> create(Options options, net::HostLookup& lookup,
                                                 const net::Scope& scope, net::RateLimiter& limiter,
                                                 Clock& clock);
  /// Cancels what is in flight (callbacks get kCancelled), joins the loops.
  virtual ~Session() = default;

  /// Starts a target request. \p done is called exactly once, on a loop thread (of this host); it
  /// must not block. It may call send().
  virtual void send(Request request, Callback done) = 0;
  /// Runs \p task on the loop thread that serves \p host, at once or after \p delay.
  virtual void post(const std::string& host, std::function<void()> task,
                    std::chrono::milliseconds delay = std::chrono::milliseconds(0)) = 0;
  /// send() and wait. Not from a loop thread.
  Result<Exchange> fetch(Request request, std::stop_token stop);
  /// A service request (libcurl): verified TLS, HTTP/2, redirects as the request says, its name
  /// looked up by the system. Waits; polls \p stop. kInvalidArgument for what libcurl can't send,
  /// kNotFound (name), kNetwork, kTimeout, kProtocol (TLS verification included), kCancelled.
  virtual Result<Response> call(const Request& request, std::stop_token stop) = 0;

  virtual SessionStats stats() const = 0;
};

}  // namespace m8::http
