/// Which templates a command works with: the flags that `scan` and `templates` share, and what they
/// mean.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/flag.h"
#include "templates/catalog.h"

namespace m8::num8 {

/// Records of -t, -tags, -s and their like, with nuclei's names.
std::vector<cli::Flag> selection_flags();
/// --templates-dir alone.
cli::Flag templates_folder_flag();
/// What it says; without it where the collection is looked for. Absolute, but need not be there.
std::string templates_folder(const cli::Values& flags);

/// The templates folder that --templates-dir names, else the default one.
std::string templates_folder(const cli::Values& flags);

/// What these flags say. The templates folder is $XDG_DATA_HOME/m8/templates if it is there, else
/// ~/nuclei-templates. kInvalidArgument names the flag;
Result<templates::LoadOptions> selection_options(const cli::Values& flags);

/// Adds what the ignore file of the templates folder excludes, unless --allow or -itags lift it.
Status apply_ignore_list(templates::LoadOptions& options);

/// Values of a list flag; one that names a file stands for its lines, unless it is a template
/// (cli-and-output 1.2, fcsv). Errors of reading it.
Result<std::vector<std::string>> expand_files(const std::vector<std::string>& values);

/// The number of threads for loading templates.
int loading_threads();

/// A line on stderr, with the name of the program in front; nothing with --quiet.
void say(const cli::Context& context, std::string_view text);

}  // namespace m8::num8
