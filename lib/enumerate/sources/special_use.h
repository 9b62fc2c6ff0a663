/// Names that are nobody's on the Internet, and are therefore never told to a source.
#pragma once

#include <string_view>

#include "net/name.h"

namespace m8::enumerate::sources {

/// The special-use domain (RFC 6761 and its registry: test, localhost, invalid, example, local,
/// onion, alt, arpa, internal, example.com and its like) that \p name is in; a single label is one
/// too. Empty for all other names. The text lives as long as the program, or as \p name.
std::string_view special_use(const net::Name& name);

}  // namespace m8::enumerate::sources
