/// The service session against a new client for each request: what reuse is worth.
#pragma once

#include "base/result.h"
#include "bench/bench.h"

namespace m8::bench {

/// Ten callers against nginx over TLS: requests/s, reuse, and what a request costs one after
/// another. Reads the flags "requests" and "baseline".
Result<Report> compare_services(const Context& context);

}  // namespace m8::bench
