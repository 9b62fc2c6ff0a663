/// The benchmarks of the store that the performance guides name: an endpoint by one caller and by
/// many, all domains, is any domain enabled; and the query cache.
#pragma once

#include <string>

#include "bench/bench.h"

namespace m8::bench {

/// Adds rows that begin with \p backend ("SQLite"). \p store_url: an empty store.
Status measure_guides(const Context& context, const std::string& backend,
                      const std::string& store_url, Report& report);

}  // namespace m8::bench
