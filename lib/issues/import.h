/// Import: issues that other tools have written, as findings.
///
/// Threads: plain functions, no state.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/finding.h"

namespace m8::issues {

/// Called for each finding and the status that it is said to have (else 'U'); an error ends the
/// reading.
using EachFinding = std::function<Status(const model::Finding&, char status)>;

/// What an import came to.
struct ImportCounts {
  std::uint64_t findings = 0;  ///< given on
  std::uint64_t broken = 0;    ///< lines or results that are none
};

/// Reads the events of JSON lines (the reference's, or those of `num8 scan --jsonl`) from \p
/// next_line, which gives one line after the other, and false at the end. A line that is no event
/// is counted and told to \p broken ("line 7: why"); the others are given to \p each, with the
/// status that `num8 issue export` wrote. Memory: one line. Errors of \p each.
Result<ImportCounts> read_jsonl(const std::function<bool(std::string&)>& next_line,
                                const EachFinding& each,
                                const std::function<void(const std::string&)>& broken);

/// Reads a SARIF 2.1.0 log. A rule's security-severity gives the severity, else the result's level;
/// the first location's artifact, completed by its properties or text, is the place. A
/// suppressed result is ignored ('I'). Results without a rule or place are counted and told to \p
/// broken ("result 3: why"). kInvalidArgument for what is no SARIF.
Result<ImportCounts> read_sarif(std::string_view text, const EachFinding& each,
                                const std::function<void(const std::string&)>& broken = {});

}  // namespace m8::issues
