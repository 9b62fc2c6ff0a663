/// Services: an HTTP session for what m8 itself asks: webhooks, pages of metrics, health.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "cli/flag.h"
#include "http/session.h"
#include "net/rate_limiter.h"
#include "net/resolve.h"
#include "net/scope.h"
#include "net/url.h"

namespace m8::app {

class Services {
 public:
  /// REQUIRES: http::service_flags() were declared.
  static Result<std::unique_ptr<Services>> open(const cli::Values& flags);

  http::Session& session() { return *session_; }
  /// Body of the answer to GET \p url if its status is 200. kProtocol for another status, kInvalid
  /// Argument for no http(s) URL, errors of Session::call(), without the URL's secrets.
  Result<std::string> get(const std::string& url, std::stop_token stop);

 private:
  Services() = default;

  std::unique_ptr<net::HostLookup> lookup_;
  const net::Scope everything_;
  std::optional<net::RateLimiter> unlimited_;
  std::unique_ptr<http::Session> session_;
};

}  // namespace m8::app
