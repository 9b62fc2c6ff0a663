/// The commands of m8, one file each.
#pragma once

#include <vector>

#include "cli/flag.h"

namespace m8::app {

/// `m8 config init|check|show`.
std::vector<cli::Command> config_commands();
/// alerts check
std::vector<cli::Command> alert_commands();
cli::Command health_command();
cli::Command lab_command();
/// metrics list|dump|kpi
std::vector<cli::Command> metrics_commands();
cli::Command oob_command();
cli::Command serve_command();
/// token add|list|revoke
std::vector<cli::Command> token_commands();
/// `m8 bench NAME`, one for each workload of lib/bench.
std::vector<cli::Command> bench_commands();
/// cache stats|list|purge
std::vector<cli::Command> cache_commands();
/// db migrate|status|explain
std::vector<cli::Command> db_commands();
/// notify send|list
std::vector<cli::Command> notify_commands();
/// queue status|declare|purge|dlq list|dlq replay|desired
std::vector<cli::Command> queue_commands();
cli::Command top_command();
/// `m8 worker`.
cli::Command worker_command();
/// runs cancel
cli::Command runs_cancel_command();
/// runs list|show|diff
std::vector<cli::Command> runs_commands();

}  // namespace m8::app
