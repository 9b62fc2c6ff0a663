/// Which backend a URL means.
///
/// Threads: plain functions, no state.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "cache/backend.h"

namespace m8::cache {

struct BackendOptions {
  std::size_t memory_bytes = 32u << 20;    ///< memory: room for keys, values and their places
  std::chrono::milliseconds timeout{100};  ///< Redis: a later answer is a miss
  std::chrono::milliseconds connect_timeout{2'000};  ///< Redis: of a connection with its login
  std::size_t in_flight_bytes = 8u << 20;  ///< Redis: commands not yet answered; more are misses
};

/// Opens \p url: empty or "memory:" is in this process; "redis://[USER:]PASSWORD@HOST:PORT/DB" and
/// "unix:PATH?db=N" (also "redis+unix:") are a Redis, which need not be there: until it is, and
/// whenever it is gone, everything is a miss. kInvalidArgument: what is no such URL, rediss://
/// among them because Debian's hiredis has no TLS. \p clock is borrowed.
Result<std::unique_ptr<Backend>> open_backend(const std::string& url, const BackendOptions& options,
                                              Clock& clock);

}  // namespace m8::cache
