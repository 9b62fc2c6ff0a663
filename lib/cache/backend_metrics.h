/// The numbers of a cache's backend as metrics. (A Cache counts its hits and misses itself.)
#pragma once

#include "cache/backend.h"
#include "metrics/watch.h"

namespace m8::cache {

/// Asks for m8_cache_entries, m8_cache_bytes, m8_cache_evictions_total and the failures (errors of
/// the component "cache") of \p backend every metrics::Watch::kEvery, under its kind: memory, redis
/// or files. Borrows \p backend; null: nothing is watched.
[[nodiscard]] metrics::Watch watch_backend(Backend* backend);

}  // namespace m8::cache
