/// Documents written from the records: `PROGRAM --generate man|bash|zsh|fish`. The results are
/// committed in man/ and completions/, and ctest compares them with what the programs print.
///
/// Threads: plain functions, no state.
#pragma once

#include <string>

#include "cli/flag.h"

namespace m8::cli {

/// The document named \p kind. kInvalidArgument if there is none of that name, kInternal if the
/// records contradict themselves.
Result<std::string> generate(const Program& program, const std::string& kind);

std::string man_page(const Program& program);       ///< man(7) source, section 1
std::string complete_bash(const Program& program);  ///< for bash-completion/completions/PROGRAM
std::string complete_zsh(const Program& program);   ///< for vendor-completions/_PROGRAM
std::string complete_fish(const Program& program);  ///< for vendor_completions.d/PROGRAM.fish

/// The words that may follow \p prefix ("" or "domain") in command names, with what they say: a
/// group of commands says "add, list...". In the order of the commands.
std::vector<std::pair<std::string, std::string>> next_words(const Program& program,
                                                            const std::string& prefix);

/// The prefixes that have next words: "" first, then the groups.
std::vector<std::string> command_prefixes(const Program& program);

/// The names of a flag with their dashes: "-d", "-rl", "--rate-limit".
std::vector<std::string> dashed_names(const Flag& flag);

}  // namespace m8::cli
