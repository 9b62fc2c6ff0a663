/// Numbers as text and back, the way Go writes and reads them (dsl.md 3, 6).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace m8::dsl {

/// Shortest plain decimal that reads back the same, never an exponent; "NaN", "+Inf", "-Inf".
std::string plain_text(double v);
/// Shortest digits with an exponent of at least two digits: "1.5e+06".
std::string exponent_text(double v);
/// Go's %v: with an exponent of at least two digits when the decimal exponent is < -4 or >= 6:
/// 100000, 1e+06, 1.234567e+06, 1e-05.
std::string shortest_text(double v);

/// Whole decimal number with an optional sign; leading zeros are fine.
std::optional<std::int64_t> parse_integer(std::string_view text);
/// Decimal or exponent form with an optional sign: no white space, no hexadecimal, no infinities.
/// Too large is empty, too small is 0.
std::optional<double> parse_float(std::string_view text);

/// Truncation toward zero, saturating; NaN is 0.
std::int64_t to_int64(double v);

}  // namespace m8::dsl
