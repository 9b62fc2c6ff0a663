/// Router: who may ask what, and the manners of every answer.
///
/// In this order: path (404), method (405), host, token (401), scope (403), allowance (429),
/// parameters and body (400, 415), handler; then security headers, ETag, compression, and the time
/// it took. Built once, then constant; answer() on any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/allowance.h"
#include "api/route.h"
#include "api/token_book.h"
#include "base/clock.h"
#include "serve/routes.h"

namespace m8::api {

struct RouterOptions {
  /// Callers without a token may read, if they come from this machine and name it as loopback: a
  /// page of another site that has its name resolve to us does not.
  bool public_read = false;
  double per_second = 200;  ///< requests of one token; 0: any number
  double burst = 400;
  double failures_per_minute = 60;  ///< refused tokens of one address
};

/// What one request took: the route's pattern, never the path, which is a stranger's.
struct Observed {
  std::string_view method, pattern;
  int status;
  std::chrono::nanoseconds took;
};
using Observe = std::function<void(const Observed&)>;

class Router {
 public:
  /// \p book and \p clock are borrowed. \p observe may be null; it is called on many threads.
  Router(RouterOptions options, TokenBook& book, Observe observe, Clock& clock);

  void add(std::vector<Route> routes);
  const std::vector<Route>& routes() const { return routes_; }

  serve::Response answer(const serve::Request& request) const;
  /// Makes the series of suspicious requests, so that they are there (at zero) before any.
  static void declare_metrics();
  /// Requests whose token was refused, since the start.
  std::uint64_t failed_auth() const { return failed_.load(std::memory_order_relaxed); }

 private:
  struct Match {
    const Route* route = nullptr;
    std::vector<std::string> values;  ///< of the pattern's parameters, decoded
    std::string allowed;              ///< methods, if only the method is wrong
  };

  Match match(const serve::Request& request) const;
  serve::Response handle(const serve::Request& request, const Match& match) const;
  Result<Caller> identify(const serve::Request& request, const Route& route) const;
  serve::Response unauthorized(const serve::Request& request, const Route& route) const;
  bool is_public(const serve::Request& request) const;
  void finish(const serve::Request& request, serve::Response& response) const;

  const RouterOptions options_;
  TokenBook& book_;
  const Observe observe_;
  Clock& clock_;
  std::vector<Route> routes_;
  mutable Allowance allowance_, failures_;
  mutable std::atomic<std::uint64_t> failed_{0};
};

/// "/a/{b}" against "/a/x%2fy": the value "x/y"; false if it does not fit. A value is never empty,
/// "." or "..".
bool fits_pattern(std::string_view pattern, std::string_view path,
                  std::vector<std::string>& values);

}  // namespace m8::api
