/// Findings of other tools, and how they become issues of a store: num8 issue import, num8 report.
#pragma once

#include <istream>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/flag.h"
#include "store/store.h"

namespace m8::num8 {

/// A file of findings, or stdin.
struct FindingsInput {
  std::unique_ptr<std::istream> stream;
  std::string name;    ///< for people
  std::string format;  ///< "jsonl" or "sarif"

  /// \p path may be "-"; an empty \p format is told by the name. Errors of opening the file.
  static Result<FindingsInput> open(const std::string& path, const std::string& format);
};

/// Stores what \p input holds, as a run of \p context's command. What is broken is named on stderr
/// and left out: exit code 4. Errors of the store and of a log that is none.
Result<int> import_findings(const cli::Context& context, FindingsInput input, store::Store& store);

}  // namespace m8::num8
