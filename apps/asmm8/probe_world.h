/// ProbeWorld: what a probe needs of the world: limits, look-up, technologies, a session.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "cache/backend.h"
#include "cli/flag.h"
#include "dns/resolver.h"
#include "http/proxy.h"
#include "http/session.h"
#include "metrics/watch.h"
#include "net/rate_limiter.h"
#include "net/resolve.h"
#include "net/scope.h"
#include "probe/cdn.h"
#include "probe/settings.h"
#include "probe/technologies.h"

namespace m8::asmm8 {

/// --tech-file, --cdn-file.
std::vector<cli::Flag> probe_table_flags();

struct ProbeWorld {
  std::unique_ptr<net::RateLimiter> limiter;
  std::unique_ptr<cache::Backend> shared;  ///< outlives the look-up; may be null
  metrics::Watch shared_watch;
  std::unique_ptr<net::HostLookup> lookup;
  std::unique_ptr<probe::TechnologyDetector> technologies;  ///< null if none are looked for
  std::unique_ptr<probe::CdnTable> cdn;
  std::optional<http::Proxy> proxy;
  std::unique_ptr<http::Session> session;

  /// The tables that the flags name, else those built in. Errors of files.
  Status open_tables(const cli::Values& flags, bool with_technologies);
  /// Look-up by \p resolver (whose bound on questions is the probe's own) and /etc/hosts; \p kept:
  /// what other processes know of names, or null.
  Status open_lookup(dns::ResolverOptions resolver, std::unique_ptr<cache::Backend> kept,
                     Clock& clock);
  /// The first of \p urls that can be reached; nothing without any. After open_lookup().
  /// kInvalidArgument, kNetwork.
  Status find_proxy(const std::vector<std::string>& urls, std::chrono::milliseconds timeout,
                    Clock& clock, std::stop_token stop);
  /// After open_lookup() and find_proxy(); \p scope is borrowed.
  Status open_session(const probe::Settings& settings, int loops, net::RateLimiter::Options rates,
                      const net::Scope& scope, Clock& clock);
};

}  // namespace m8::asmm8
