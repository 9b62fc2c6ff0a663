/// Severity of a finding, in rising order.
#pragma once

#include <optional>
#include <string_view>

namespace m8::model {

enum class Severity { kUnknown, kInfo, kLow, kMedium, kHigh, kCritical };

const char* to_string(Severity severity);
/// Trimmed, any case. Empty for any other word.
std::optional<Severity> parse_severity(std::string_view text);

}  // namespace m8::model
