/// Include: the comment `# !include:other.yaml` in a template stands for that file (templates 1.1).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::templates {

/// True if \p text has such a comment.
bool has_includes(std::string_view text);

/// \p text, of the file at \p path, with each such comment replaced by the file that it names, its
/// lines indented as the comment is; those files may include others, 32 deep. Files are looked for
/// beside \p path and must lie in its folder or below it; where none is, the comment stays.
/// kDenied: outside; kExhausted: deeper, or more than 4 MiB in all; errors of read_file().
Result<std::string> fill_includes(std::string_view text, const std::string& path);

}  // namespace m8::templates
