/// Network: the resolvers, the rate limiter and the HTTP session of a scan, in one bag.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "cache/backend.h"
#include "cli/flag.h"
#include "http/session.h"
#include "metrics/watch.h"
#include "net/rate_limiter.h"
#include "net/resolve.h"
#include "scan_flags.h"

namespace m8::num8 {

/// What became of the host names that were looked up.
struct LookupCounts {
  std::atomic<std::uint64_t> answered{0};    ///< addresses, or the word that there are none
  std::atomic<std::uint64_t> unanswered{0};  ///< no resolver answered, or none could
  std::atomic<std::uint64_t> under_way{0};   ///< who asked may have given up by now
};

class Network {
 public:
  /// What the requests are seen by. Borrowed.
  struct Watch {
    MemoryGovernor& memory;
    model::Audit* audit = nullptr;  ///< null: nobody
  };
  /// \p settings and \p clock are borrowed. Errors of --resolvers, --proxy and of the
  /// session. Waits for a proxy, if some are given.
  static Result<std::unique_ptr<Network>> create(const cli::Values& flags,
                                                 const ScanSettings& settings, Watch watch,
                                                 Clock& clock, std::stop_token stop);

  /// REQUIRES: not closed.
  http::Session& session() { return *session_; }
  const LookupCounts& lookups() const { return lookups_; }
  /// Name of the proxy in use; empty = none.
  const std::string& proxy() const { return proxy_; }
  /// Cancels what is in flight and ends the loops.
  void close() { session_.reset(); }

 private:
  Network(const ScanSettings& settings, Clock& clock) : limiter_(settings.rates, clock) {}

  net::RateLimiter limiter_;
  LookupCounts lookups_;
  std::string proxy_;
  std::unique_ptr<cache::Backend> shared_;  ///< with other processes; null without --cache-url
  metrics::Watch shared_watch_;
  std::unique_ptr<net::HostLookup> resolvers_;
  std::unique_ptr<net::HostLookup> lookup_;  ///< resolvers_, counted
  std::unique_ptr<http::Session> session_;
};

}  // namespace m8::num8
