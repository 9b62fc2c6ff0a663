/// Explanation in words: what was sent, what came back, and why matchers fired or not.
#pragma once

#include <string>

#include "dsl/services.h"
#include "protocols/witness.h"

namespace m8::protocols {

/// A block of lines about one answer: the request, the answer (each cut at 4 KiB), each extractor's
/// values, each matcher with every value it tried: "+" found with its offset in the part, "-" not,
/// with what was there instead. Control characters are made visible; \p request and \p response
/// are shown in place of the event's, without what is secret.
std::string explanation(const Evaluated& event, std::string_view request, std::string_view response,
                        dsl::Services& services);

/// \p text line by line with \p margin in front, control characters escaped, at most \p limit bytes
/// of it and then a note.
std::string indented(std::string_view text, std::string_view margin, std::size_t limit);

}  // namespace m8::protocols
