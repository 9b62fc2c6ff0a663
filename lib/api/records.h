/// Records as the API's JSON. Rows of the large tables are written straight into the answer.
///
/// Threads: plain functions.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "model/domain.h"
#include "model/issue.h"
#include "model/run.h"
#include "store/query.h"
#include "store/scan_requests.h"

namespace m8::api {

/// Appends RFC 3339 with milliseconds, quoted; null for 0. \p millis since 1970.
void append_time(std::string& out, std::int64_t millis);

/// Rows as Pages gives them.
void append_endpoint(std::string& out, const store::Row& row);
void append_hostname(std::string& out, const store::Row& row);

void write_domain(json::Writer& out, const model::Domain& domain);
void write_run(json::Writer& out, const model::Run& run);
/// \p whole: with the event of the last sighting.
void write_issue(json::Writer& out, const model::Issue& issue, bool whole);
void write_scan(json::Writer& out, const store::ScanRequest& scan);

}  // namespace m8::api
