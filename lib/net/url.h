/// Url: an absolute http(s) URL taken apart, and kept as it was written.
///
/// A scanner sends odd URLs on purpose, so nothing is normalised: path, query and fragment are the
/// author's bytes. Scheme and host are lower case.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::net {

struct Url {
  std::string scheme;                 ///< "http", "https", or another, lower case
  std::string user_info;              ///< "user:pw" or empty
  std::string host;                   ///< lower case, IPv6 without brackets
  std::optional<std::uint16_t> port;  ///< as written
  std::string path;                   ///< "" or starting with '/'
  std::string query;                  ///< without '?'
  bool has_query = false;             ///< a '?' was there
  std::string fragment;               ///< without '#'

  /// Needs scheme and host. kInvalidArgument with the reason. Accepts up to 64 KiB.
  static Result<Url> parse(std::string_view text);

  /// The written port, else 80 or 443 by scheme, else 0.
  std::uint16_t effective_port() const;
  bool is_tls() const { return scheme == "https"; }
  /// host[:port] as written; IPv6 in brackets.
  std::string authority() const;
  /// scheme://host[:port]
  std::string root() const;
  /// path (or "/") and ?query
  std::string request_target() const;
  std::string to_string() const;
  /// RFC 3986 5.2 reference resolution against this URL, without normalising what needs none.
  Result<Url> resolve(std::string_view reference) const;
};

/// host, host:port, [v6]:port without scheme. kInvalidArgument else.
struct HostPort {
  std::string host;
  std::optional<std::uint16_t> port;
  static Result<HostPort> parse(std::string_view text);
};

/// Takes "." and ".." segments out of \p path, which starts with '/' (RFC 3986 5.2.4); any other
/// path stays as it is.
std::string remove_dot_segments(std::string_view path);

/// Percent-decodes; invalid sequences stay as they are.
std::string percent_decode(std::string_view text);

}  // namespace m8::net
