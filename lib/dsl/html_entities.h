/// HTML5 named character references and the two helpers that use them (dsl.md 7.2).
#pragma once

#include <string>
#include <string_view>

namespace m8::dsl {

/// Each character that has a named reference becomes it: shortest name first, then the one in lower
/// case; pairs of code points before single ones. With \p all every other byte becomes &#N;.
std::string html_escape(std::string_view text, bool all);

/// Named references, also legacy ones without semicolon, and numeric ones (HTML5 13.2.5.72).
std::string html_unescape(std::string_view text);

}  // namespace m8::dsl
