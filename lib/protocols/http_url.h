/// How a template's paths and raw targets become request targets (templates 3.2-3.4).
///
/// Pure functions over bytes; nothing is normalised beyond what the reference engine does.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/url.h"

namespace m8::protocols {

/// Path, query and fragment of a request target, as bytes.
struct TargetParts {
  std::string_view path, query, fragment;  ///< without '?' and '#'
};
/// Splits at the first '#', then at the first '?'. An absolute http(s) URL loses scheme and host.
TargetParts split_target(std::string_view target);

/// \p above's parameters first, then \p below's; values of one key stand together at the key's
/// first position. Without \p keep_equals "p=" becomes "p" (and with it "p" becomes "p=").
std::string merge_queries(std::string_view above, std::string_view below, bool keep_equals);

/// Query bytes for the wire: ' ' to '+', control and non-ASCII bytes to lower-case %xx.
std::string encode_query(std::string_view query);
/// Path bytes for the wire: all or nothing (templates 3.2.5).
std::string encode_path(std::string_view path);

/// Rules a-c of templates 3.3: how a raw target's path follows the target's own.
std::string join_paths(std::string_view base, std::string_view path);

/// Where a rendered `path` entry leads: absolute, https without a scheme, the query merged with
/// \p target's, encoded; the fragment is kept, and so is an empty path (findings show it, the wire
/// has "/"). kInvalidArgument "failed to parse url ...".
Result<net::Url> resolve_path_entry(std::string_view text, const net::Url& target);

/// Where the target of a safe `raw` request leads: always to \p target's host.
net::Url resolve_raw_target(std::string_view raw, const net::Url& target, bool automerge);

/// What takes the place of \p raw in an unsafe request: never encoded (templates 3.4).
std::string unsafe_target(std::string_view raw, const net::Url& target, bool automerge);

}  // namespace m8::protocols
