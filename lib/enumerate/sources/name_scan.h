/// Names in text: URLs, mail addresses, certificates, HTML, code.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "net/name.h"

namespace m8::enumerate::sources {

/// Calls \p take with each name below \p domain in \p text, canonical, as often as it is there.
///
/// The ends of a name are where no character of a name is: "notexample.com" and
/// "www.example.com.evil.test" hold none of example.com. Percent-encoding and the escapes of
/// strings in code are undone, so that "%2Fwww" and "\nwww" leave nothing behind. "*.dev" is dev;
/// the domain itself is no find. Any bytes do. O(bytes).
void scan_names(std::string_view text, const net::Name& domain,
                const std::function<void(net::Name)>& take);

/// The name that \p label ("www", "*.dev") is below \p domain, if it makes one.
std::optional<net::Name> name_of_label(std::string_view label, const net::Name& domain);

}  // namespace m8::enumerate::sources
