/// A whole message as text, for people and for `asmm8 resolve -raw`.
#pragma once

#include <string>

#include "dns/message.h"

namespace m8::dns {

/// The text of \p message as dig writes it, in the shape of the Go library github.com/miekg/dns
/// (Msg.String), which dnsx shows: header, OPT, question, answer, authority and additional
/// sections; names end in a dot. EDNS options are in hexadecimal, by their numbers. Data of types
/// that have no struct are in the generic form of RFC 3597. Ends in a newline. O(bytes).
std::string to_text(const Message& message);

}  // namespace m8::dns
