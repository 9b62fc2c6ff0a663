/// Retry: which results of a service call are worth another try, and after which pause.
///
/// Plain functions, no state but the random numbers (one generator per thread).
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "http/request.h"
#include "http/response.h"

namespace m8::http {

/// Capped exponential backoff with full jitter: a pause is drawn evenly from 0 to
/// min(cap, base * 2^tried).
struct Backoff {
  std::chrono::milliseconds base{500};
  std::chrono::milliseconds cap{10'000};
  /// \p tried 0 for the first repeat; \p draw 0..1 is the random number.
  std::chrono::milliseconds pause(int tried, double draw) const;
};

/// An even random number, 0..1.
double random_draw();

/// 429, 502, 503, 504: the service may answer better next time.
bool is_retryable_status(int status);
/// GET, HEAD, OPTIONS, TRACE, PUT and DELETE may be sent twice (RFC 9110 9.2.2).
bool is_idempotent(std::string_view method);
/// The pause that \p response asks for by Retry-After.
std::optional<std::chrono::seconds> retry_after(const Response& response, WallTime now);

}  // namespace m8::http
