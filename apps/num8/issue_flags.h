/// What the commands over stored issues share: filters, texts, the author.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/flag.h"
#include "store/store.h"

namespace m8::num8 {

/// The filters: --severity, --at-least, --tag, --host, --id (template), --status, --new-since,
/// --older-than, --gone, --there.
std::vector<cli::Flag> issue_filter_flags();
/// What they say. \p ids: arguments, ids of issues. kInvalidArgument, and errors of parse_since().
Result<store::IssueFilter> issue_filter(const cli::Values& flags,
                                        const std::vector<std::string>& ids, store::Store& store);
/// \p text as the id of an issue. kInvalidArgument.
Result<std::int64_t> parse_issue_id(const std::string& text);
/// True if any of them, or an id, was given.
bool filter_given(const cli::Values& flags, const std::vector<std::string>& ids);

cli::Flag jsonl_flag(std::string brief);
/// A command that fails with the error of \p run.
cli::Command issue_command(std::string name, std::string arguments, std::string brief,
                           Result<int> (*run)(const cli::Context&));
/// --author, else the user's name, else "somebody".
std::string author_of(const cli::Values& flags);
/// "num8 issue set: TEXT" on stderr, unless --quiet.
void say_issue(const cli::Context& context, const std::string& text);

}  // namespace m8::num8
