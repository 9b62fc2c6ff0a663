/// Where template files are: arguments of -t, -it, -et to paths (templates.md 1.1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace m8::templates {

/// Resolves one argument: as it is when it exists, else below \p root when it exists there, else
/// unchanged. Absolute and clean.
std::string resolve_path(std::string_view argument, const std::string& root);

/// The template files that \p arguments name, in order of first appearance, each once: files, globs
/// and folders (searched whole; .git, .github, helpers and lists of contributors are left out).
/// kNotFound "could not find template 'x'", kInvalidArgument for a file that is neither .yaml nor
/// .json, kDenied or kIo for a folder that can't be read.
Result<std::vector<std::string>> find_files(const std::vector<std::string>& arguments,
                                            const std::string& root);

/// Tags and files of an ignore file (`.nuclei-ignore`, templates.md 13.1).
struct IgnoreList {
  std::vector<std::string> tags, files;
};
/// Reads \p root/.nuclei-ignore; empty lists when there is none. kInvalidArgument if it is broken.
Result<IgnoreList> read_ignore_list(const std::string& root);

}  // namespace m8::templates
