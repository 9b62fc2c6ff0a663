/// Plan: what a scan would do (--dry-run).
#pragma once

#include <stop_token>

#include "base/result.h"
#include "model/target_reader.h"
#include "scan_flags.h"
#include "templates/catalog.h"

namespace m8::num8 {

/// Prints "name<TAB>value" lines on stdout: counts of targets, templates and requests, the rates,
/// then a line for each refused target (the first hundred) and for each reason why templates are
/// left out; with ScanSettings::details also one for each template. \p scheduled: the catalogue's
/// templates as they are run. Reads all targets, sends nothing. Errors
/// of reading the targets.
Status print_plan(const templates::Catalog& catalog, const scan::Templates& scheduled,
                  model::TargetReader& reader, const ScanSettings& settings, std::stop_token stop);

}  // namespace m8::num8
