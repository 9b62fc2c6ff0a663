/// Network: the resolvers, the rate limiter and the HTTP session of a scan, in one bag.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/flag.h"
#include "http/session.h"
#include "net/rate_limiter.h"
#include "net/resolve.h"
#include "scan_flags.h"

namespace m8::num8 {

/// What became of the host names that were looked up.
struct LookupCounts {
  std::atomic<std::uint64_t> answered{0};    ///< addresses, or the word that there are none
  std::atomic<std::uint64_t> unanswered{0};  ///< no resolver answered, or none could
};

class Network {
 public:
  /// \p settings and \p clock are borrowed. Errors of --resolvers and of the session.
  /// \p memory too.
  static Result<std::unique_ptr<Network>> create(const cli::Values& flags,
                                                 const ScanSettings& settings,
                                                 MemoryGovernor& memory, Clock& clock);

  /// REQUIRES: not closed.
  http::Session& session() { return *session_; }
  const LookupCounts& lookups() const { return lookups_; }
  /// Cancels what is in flight and ends the loops.
  void close() { session_.reset(); }

 private:
  Network(const ScanSettings& settings, Clock& clock) : limiter_(settings.rates, clock) {}

  net::RateLimiter limiter_;
  LookupCounts lookups_;
  std::unique_ptr<net::HostLookup> resolvers_;
  std::unique_ptr<net::HostLookup> lookup_;  ///< resolvers_, counted
  std::unique_ptr<http::Session> session_;
};

}  // namespace m8::num8
