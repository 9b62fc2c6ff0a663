/// The benchmarks of a whole run in the store: hostnames, nearly all known, and issues; and the
/// list of the issues. Against COPY and psql.
#pragma once

#include <string>

#include "bench/bench.h"

namespace m8::bench {

/// Adds rows for SQLite: \p names hostnames, a fifth as many issues.
Status measure_run_sqlite(const Context& context, std::size_t names, Report& report);

/// The same for PostgreSQL. \p store_url: an empty store in a schema that goes afterwards. \p bin:
/// where psql is.
Status measure_run_postgres(const Context& context, std::size_t names, const std::string& store_url,
                            const std::string& bin, Report& report);

}  // namespace m8::bench
