/// The exit codes of every command (cli.md), and the one place where an Error becomes one.
#pragma once

#include <string_view>

#include "base/result.h"

namespace m8::cli {

enum ExitCode : int {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,       ///< bad usage or configuration
  kFound = 3,       ///< done, and what --fail-on names was found
  kIncomplete = 4,  ///< done, but work was lost
  kInterrupted = 130,
};

/// kInvalidArgument -> kUsage, kCancelled -> kInterrupted, the rest kFailed.
ExitCode exit_code(const Error& error);

/// Prints "program: message" as one line on stderr (control characters made visible) and gives the
/// exit code: `if (!targets.ok()) return cli::fail(context.program, targets.error());`
int fail(std::string_view program, const Error& error);

}  // namespace m8::cli
