/// Text forms that the formats share.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace m8::output {

/// Go's strconv.QuoteToASCII: quoted, anything but printable ASCII escaped.
std::string quote_ascii(std::string_view text);
/// \p text with control characters escaped the same way, so that a stranger's bytes can neither
/// break a line nor reach the terminal.
std::string escape_control(std::string_view text);
/// "2006-01-02 15:04:05" in local time.
std::string local_seconds(WallTime time);

}  // namespace m8::output
