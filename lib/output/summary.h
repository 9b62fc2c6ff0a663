/// The last record of a command (`--summary`): what was asked, done and skipped, and what it cost.
#pragma once

#include <string>

#include "base/process.h"
#include "model/run.h"

namespace m8::output {

/// One JSON line: command, arguments, run (its id, if it was stored), version, status, started,
/// ended, wall_seconds, user_seconds, system_seconds, peak_rss_bytes, threads, counts (sorted by
/// name), sources (how each passive source ended, if any was asked). Times RFC 3339 UTC.
std::string summary_line(const model::Run& run, const ProcessUsage& usage);

}  // namespace m8::output
