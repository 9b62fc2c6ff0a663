/// The numbers of a session as metrics.
#pragma once

#include "http/session.h"

namespace m8::http {

/// Sets m8_http_*, m8_breaker_* and m8_network_bytes_total to \p stats: to be called before each
/// exposition (metrics::Registry::sample()), and once at the end.
void count_session(const SessionStats& stats);

}  // namespace m8::http
