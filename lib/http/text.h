/// Small questions about header text (RFC 9110 5.6), without locale or allocation.
#pragma once

#include <string>
#include <string_view>

namespace m8::http {

/// ASCII case-insensitive equality.
bool same_text(std::string_view a, std::string_view b);
/// Without blanks and tabs at both ends.
std::string_view trim_blanks(std::string_view text);
/// One or more characters of RFC 9110's token.
bool is_token(std::string_view text);
/// ASCII letters to lower case.
std::string lower_text(std::string_view text);

}  // namespace m8::http
