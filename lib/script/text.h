/// Text for JavaScript: UTF-16.
#pragma once

#include <string>
#include <string_view>

namespace m8::script {

/// \p utf8 in UTF-16; each byte that is not part of a valid sequence becomes U+FFFD, as in Go.
std::u16string to_utf16(std::string_view utf8);

}  // namespace m8::script
