/// The settings alerts.*: what m8 alerts check and m8 serve compare the key figures with.
#pragma once

#include <vector>

#include "base/result.h"
#include "cli/flag.h"
#include "metrics/thresholds.h"

namespace m8::app {

/// alerts.critical.*, alerts.warning.*, alerts.hold.
std::vector<cli::Flag> threshold_flags();
/// The guides' thresholds with the limits of \p flags. kInvalidArgument "--NAME: not a number: x".
Result<std::vector<metrics::Threshold>> thresholds_of(const cli::Values& flags);

}  // namespace m8::app
