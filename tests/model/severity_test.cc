#include "model/severity.h"

#include <doctest/doctest.h>

using namespace m8::model;

TEST_CASE("model/severity: reads the six words in any case and no other") {
  for (const auto severity : {Severity::kUnknown, Severity::kInfo, Severity::kLow,
                              Severity::kMedium, Severity::kHigh, Severity::kCritical}) {
    CHECK(parse_severity(to_string(severity)) == severity);
  }
  CHECK(parse_severity(" CRITICAL\n") == Severity::kCritical);
  CHECK(parse_severity("High") == Severity::kHigh);
  CHECK_FALSE(parse_severity("").has_value());
  CHECK_FALSE(parse_severity("severe").has_value());
  CHECK_FALSE(parse_severity("high,low").has_value());
  CHECK(Severity::kCritical > Severity::kHigh);
}
