/// Measured: where KPIs come from: a page of metrics, a running program, or what was stored.
#pragma once

#include <stop_token>
#include <vector>

#include "base/result.h"
#include "cli/flag.h"
#include "metrics/kpi.h"

namespace m8::app {

/// --url, --pid, --window; those of the broker, of services and of the store.
std::vector<cli::Flag> measured_flags();

/// What the flags name: of a page or a program all since it began, or with --window given what it
/// does during so long; of the store the last --window. With --queue-url the depths of its queues,
/// too. kNotFound if nothing was measured there.
Result<metrics::Window> measure(const cli::Values& flags, std::stop_token stop);

}  // namespace m8::app
