/// Since: a moment as people and cron jobs name it.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace m8::store {

/// For the detail of a flag: what parse_since() takes.
extern const char* const kSinceForms;

/// The moment that \p text names: the id of a run (its start, so that what it found is included),
/// "last" (the newest run of \p command), RFC 3339, "2026-11-28" or "2026-11-28 18:00" (local
/// time), "today", "yesterday", or an age: "36h", "7d". kInvalidArgument for other texts and for a
/// moment to come; kNotFound "PLACE: no run 7".
Result<WallTime> parse_since(std::string_view text, std::string_view command, Store& store,
                             WallTime now);

/// The run that \p text names: an id, or "last" of \p command (empty: of any). kInvalidArgument,
/// kNotFound.
Result<model::Run> parse_run(std::string_view text, std::string_view command, Store& store);

}  // namespace m8::store
