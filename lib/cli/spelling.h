/// How flags may be spelled, and what the user may have meant.
///
/// The reference tools take `-tags x`, `--tags x`, `-tags=x`, and two-letter aliases such as `-rl`.
/// CLI11 2.1 takes none of the single-dash ones, so arguments are rewritten before it sees them.
/// Like there, short flags are neither bundled (`-vq`) nor joined with their value (`-c25`).
///
/// Threads: plain functions, no state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/flag.h"

namespace m8::cli {

/// An argument that begins with a dash, in its parts.
struct Spelled {
  std::string_view dashes;
  std::string_view name;
  std::string_view value;  ///< after "="
  bool has_value = false;  ///< there is a "="
};

/// \p argument, not empty, into its parts; they borrow from it.
Spelled take_apart(std::string_view argument);

/// The flag named \p name (without dashes), by its long name or an alias; null if there is none.
/// Borrowed from \p flags.
const Flag* find_flag(const std::vector<Flag>& flags, std::string_view name);

/// Every known flag becomes `--canonical` or `--canonical=value`; values, positional arguments and
/// whatever follows `--` stay as they are. kInvalidArgument "unknown flag: -tgs (did you mean
/// -tags?)", "missing value: --list FILE".
/// kInvalidArgument "-ai is not supported: ..." for one of \p refused.
Result<std::vector<std::string>> rewrite(const std::vector<Flag>& flags,
                                         const std::vector<std::string>& arguments,
                                         const std::vector<RefusedFlags>& refused = {});

/// Why \p name (without dashes) is refused; empty if it is not.
std::string refusal(const std::vector<RefusedFlags>& refused, std::string_view name);

/// How many arguments the flag spelled by \p argument takes up: 1, or 2 with a separate value; 0 if
/// no flag is spelled like that.
std::size_t width_of(const std::vector<Flag>& flags, std::string_view argument);

/// The candidate closest to \p word: at most a third of the letters (at least one) wrong, missing,
/// surplus or swapped; empty if none is that close. O(candidates x letters^2).
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// Long names and aliases of all flags, for nearest().
std::vector<std::string> names_of(const std::vector<Flag>& flags);

}  // namespace m8::cli
