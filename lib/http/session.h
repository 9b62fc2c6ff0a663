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
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/memory.h"
#include "base/result.h"
#include "http/request.h"
#include "http/response.h"
#include "http/service_options.h"
#include "model/audit.h"
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
  std::uint64_t open = 0;     ///< connections to services, now
  std::uint64_t retries = 0;  ///< further tries, of services and targets
  std::uint64_t breaker_opens = 0;
  std::uint64_t breaker_rejections = 0;  ///< calls that an open breaker did not let pass
  std::uint64_t slowdowns = 0;           ///< how often the rate of a host was halved
  std::uint64_t proxy_connects = 0;      ///< connections opened through a proxy
  std::uint64_t proxy_errors = 0;        ///< requests lost because of one
  /// By what took too long.
  struct Timeouts {
    std::uint64_t dial = 0, tls = 0, header = 0, body = 0, total = 0;
  } timeouts;
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
    /// Most that a target's Retry-After holds up its next request.
    std::chrono::milliseconds max_hold{10'000};
    /// All targets go through it, looked up already (see proxy_search.h). Scope and rates are those
    /// of the target. Names are looked up by the proxy unless it is socks5.
    std::optional<Proxy> target_proxy;
    ServiceOptions service;
    /// Asked before bodies of targets are received; null: no limit. Borrowed.
    MemoryGovernor* memory = nullptr;
    /// Told of every attempt of a target request that put bytes on the wire; null: nobody.
    /// Borrowed.
    model::Audit* audit = nullptr;
  };
  /// One finished exchange, or why there is none: kRefused, kNetwork, kTimeout, kProtocol,
  /// kNotFound (name), kDenied (scope), kCancelled, kExhausted (descriptors).
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
  /// looked up by the system. Tried again as Request::repeat and ServiceOptions say; an answer with
  /// 429 or 5xx that remains is an answer. Waits; ends soon after \p stop. kInvalidArgument for
  /// what libcurl can't send, kNotFound (name), kRefused, kNetwork (also: circuit breaker is open),
  /// kTimeout (says in what), kProtocol (TLS verification included), kDenied (proxy), kCancelled.
  virtual Result<Response> call(const Request& request, std::stop_token stop) = 0;

  virtual SessionStats stats() const = 0;
  /// Services with failures, and what the circuit breaker does about each.
  virtual std::vector<net::CircuitBreaker::Host> service_hosts() { return {}; }
};

}  // namespace m8::http
