/// The names that interaction URLs are made of (protocols 10.2).
///
/// A URL is "<correlation id><nonce>.<domain of the server>": the id is the client's, the nonce the
/// URL's own. Pure functions; random ones draw from base/hash.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace m8::oob {

inline constexpr std::size_t kCorrelationIdChars = 20;
inline constexpr std::size_t kNonceChars = 13;
inline constexpr std::size_t kUniqueIdChars = kCorrelationIdChars + kNonceChars;

/// An xid: \p now in seconds and 8 random bytes, in lower-case base32hex.
std::string make_correlation_id(WallTime now);
/// 13 random characters of z-base-32.
std::string make_nonce();
/// A random UUID, version 4: the secret that polls are made with.
std::string make_secret();

/// True if \p text is an xid as make_correlation_id() writes it, in lower case.
bool is_correlation_id(std::string_view text);

/// One mention of a URL.
struct Mention {
  std::string unique_id;  ///< lower case
  std::string full_id;    ///< the labels up to the one that holds the id
};

/// The URLs that the name or text \p text mentions: every window of 33 letters and digits that
/// begins with an xid, at most \p most of them, each once. Labels end at what no host name has.
std::vector<Mention> find_mentions(std::string_view text, std::size_t most);

}  // namespace m8::oob
