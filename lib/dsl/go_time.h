/// Times in Go's reference layouts ("2006-01-02 15:04:05 -0700"), and the dates that the lexer
/// takes for numbers (dsl.md 2.1, 7.5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace m8::dsl {

/// Which zone a time without one is in.
enum class Zone { kUtc, kLocal };

/// Unix seconds of \p text, which must match \p layout whole. Fractions of seconds are read and
/// dropped; what the layout does not name is 1 January of year 0, midnight.
std::optional<std::int64_t> parse_time(std::string_view layout, std::string_view text, Zone zone);

/// \p seconds since 1970 in the local zone.
std::string format_time(std::string_view layout, std::int64_t seconds);

/// Unix seconds if the text of a string literal is one of the dates that the lexer reads as a
/// number; local zone when it names none.
std::optional<std::int64_t> parse_time_literal(std::string_view text);

}  // namespace m8::dsl
