/// The Java object stream that makes a server look up a name when it reads it (dsl.md 7.9).
#pragma once

#include <string>
#include <string_view>

namespace m8::dsl {

/// A serialised HashMap with one java.net.URL as its key: hashing the key resolves the host and
/// runs nothing. Lengths are written as UTF-8 code points, as the reference does.
std::string java_dns_probe(std::string_view url);

}  // namespace m8::dsl
