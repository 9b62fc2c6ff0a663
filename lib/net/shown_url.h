/// How URLs of services are told to people: without what may be a secret.
///
/// Threads: a plain function, no state.
#pragma once

#include <string>
#include <string_view>

namespace m8::net {

/// \p url without user, password and query: "postgresql://u:p@db/m8?password=x" is
/// "postgresql://db/m8". What has no "://" is returned as it is.
std::string shown_url(std::string_view url);

}  // namespace m8::net
