/// The numbers of a session as metrics.
#pragma once

#include <chrono>
#include <string>

#include "http/session.h"

namespace m8::http {

/// Sets m8_http_*, m8_breaker_* and m8_network_bytes_total to \p stats: to be called before each
/// exposition (metrics::Registry::sample()), and once at the end.
void count_session(const SessionStats& stats);

/// Puts how long \p host took to answer one request of call() into
/// m8_service_call_duration_seconds{call="http"}; the result is "2xx" to "5xx", or the error
/// ("timeout").
void count_call(const std::string& host, const Result<Response>& response,
                std::chrono::nanoseconds took);

}  // namespace m8::http
