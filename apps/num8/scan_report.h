/// What a scan says about itself: on stderr, and in the record of its run.
#pragma once

#include <string>

#include "base/process.h"
#include "cli/flag.h"
#include "cli/run_limits.h"
#include "http/session.h"
#include "model/run.h"
#include "model/target_reader.h"
#include "scan/engine.h"
#include "templates/catalog.h"

namespace m8::num8 {

/// Names the templates that don't run (with --verbose each, else one line per reason).
void report_catalog(const cli::Context& context, const templates::Catalog& catalog);
/// Says which limit ended the scan, and what was not done.
void report_limit(const cli::Context& context, const cli::RunLimits& limits,
                  const scan::Totals& totals);
/// Says how many targets were left out, and why; that there were none, if so.
void report_targets(const cli::Context& context, const model::TargetReader::Counts& counts,
                    const scan::Totals& totals);
/// Says which work was lost, if any.
void report_losses(const cli::Context& context, const scan::Totals& totals,
                   const http::SessionStats& stats, const std::string& proxy);
/// Says that memory was short and less was in flight for it, if so, and counts it in \p run.
void report_memory(const cli::Context& context, const MemoryGovernor& memory, model::Run& run);
/// "12 findings, 2000 requests, 4.1 s, 7 threads, peak 48 MB"
std::string closing_line(const model::Run& run, const scan::Totals& totals,
                         const http::SessionStats& stats, const ProcessUsage& usage);

/// True if a host that had answered was dropped, or we ran out of something.
bool is_incomplete(const scan::Totals& totals, const http::SessionStats& stats);

void count_catalog(const templates::Catalog& catalog, model::Run& run);
void count_targets(const model::TargetReader::Counts& counts, model::Run& run);
void count_scan(const scan::Totals& totals, const http::SessionStats& stats, model::Run& run);

}  // namespace m8::num8
