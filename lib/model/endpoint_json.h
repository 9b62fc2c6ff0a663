/// An endpoint as the field's JSON line (recon 5).
#pragma once

#include <string>

#include "model/endpoint.h"

namespace m8::model {

/// One JSON object without a line end: httpx's keys in httpx's order; what was not asked for is
/// left out, but words, lines, status_code, content_length and failed are always there.
std::string endpoint_json(const Endpoint& endpoint);

/// Go's way to write a duration: "1.234567ms", "1.5s".
std::string go_duration(std::chrono::microseconds time);

}  // namespace m8::model
