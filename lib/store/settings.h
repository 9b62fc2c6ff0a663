/// Settings of the store as flags, config keys and environment variables.
#pragma once

#include <vector>

#include "cli/flag.h"
#include "store/store.h"
#include "store/store_sink.h"

namespace m8::store {

/// --store URL and the settings store.*: of every command that opens a store.
std::vector<cli::Flag> store_settings();
/// \p flags and store_settings() behind them.
std::vector<cli::Flag> with_store_settings(std::vector<cli::Flag> flags);
/// store_settings() and --no-store: of a run.
std::vector<cli::Flag> store_flags();

/// What \p flags say; the rest of \p options stays. REQUIRES: store_settings() were declared.
OpenOptions open_options(const cli::Values& flags, OpenOptions options = {});
StoreSinkOptions sink_options(const cli::Values& flags);

}  // namespace m8::store
