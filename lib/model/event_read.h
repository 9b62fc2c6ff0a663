/// Reads back what event_json() and the reference's JSONL output write (cli-and-output 5.1, 5.2).
///
/// Threads: plain functions, no state.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "model/finding.h"

namespace m8::model {

/// One event. What is not known is left out, what is missing stays empty. kInvalidArgument for what
/// is no JSON object, and without a template id or any place (host, url, matched-at). O(size).
Result<Finding> parse_event(std::string_view json);
/// The same of a parsed one.
Result<Finding> read_event(const json::Value& event);

/// RFC 3339 with any offset and fraction. Empty for other texts.
std::optional<WallTime> parse_rfc3339(std::string_view text);

}  // namespace m8::model
