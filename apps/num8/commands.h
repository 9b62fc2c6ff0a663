/// The commands of num8: one file each, one line in program.cc.
#pragma once

#include <vector>

#include "cli/flag.h"

namespace m8::num8 {

cli::Command scan_command();
cli::Command templates_list_command();
cli::Command templates_validate_command();
cli::Command templates_stats_command();
cli::Command templates_show_command();
cli::Command templates_update_command();
cli::Command eval_command();
cli::Command report_command();
/// burp sitemap, scan
std::vector<cli::Command> burp_commands();
/// issue list, show, set, diff, history, import, export
std::vector<cli::Command> issue_commands();
cli::Command issue_set_command();
cli::Command issue_diff_command();
cli::Command issue_import_command();
cli::Command issue_export_command();

/// Bodies of `templates list` and `templates validate`, also for `scan -tl` and `scan -validate`.
/// \p reasons: also names what is no error and still does not run.
int list_templates(const cli::Context& context);
int validate_templates(const cli::Context& context, bool reasons = false);

}  // namespace m8::num8
