/// The commands of num8: one file each, one line in program.cc.
#pragma once

#include "cli/flag.h"

namespace m8::num8 {

cli::Command scan_command();
cli::Command templates_list_command();
cli::Command templates_validate_command();
cli::Command templates_stats_command();
cli::Command eval_command();

/// Bodies of `templates list` and `templates validate`, also for `scan -tl` and `scan -validate`.
int list_templates(const cli::Context& context);
int validate_templates(const cli::Context& context);

}  // namespace m8::num8
