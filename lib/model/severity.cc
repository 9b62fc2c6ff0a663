#include "model/severity.h"

#include <algorithm>
#include <string>

#include "base/file.h"

namespace m8::model {
namespace {

constexpr Severity kAll[] = {Severity::kUnknown, Severity::kInfo, Severity::kLow,
                             Severity::kMedium,  Severity::kHigh, Severity::kCritical};

}  // namespace

const char* to_string(Severity severity) {
  switch (severity) {
    case Severity::kUnknown:
      return "unknown";
    case Severity::kInfo:
      return "info";
    case Severity::kLow:
      return "low";
    case Severity::kMedium:
      return "medium";
    case Severity::kHigh:
      return "high";
    case Severity::kCritical:
      return "critical";
  }
  return "unknown";
}

std::optional<Severity> parse_severity(std::string_view text) {
  std::string word(trim(text));
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const Severity severity : kAll) {
    if (word == to_string(severity)) return severity;
  }
  return std::nullopt;
}

}  // namespace m8::model
