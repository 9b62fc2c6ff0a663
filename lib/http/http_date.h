/// Dates in HTTP headers: Expires, Retry-After (RFC 9110 5.6.7), and the forms that servers really
/// send.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace m8::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT" and three obsolete forms; the zone is taken for GMT.
std::optional<WallTime> parse_http_date(std::string_view text);

/// Retry-After: seconds or a date, as time from \p now on; 0 for a date that has passed, at most a
/// year. Nothing for any other text.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, WallTime now);

}  // namespace m8::http
