/// RedisUrl: where a Redis is and how to log in.
///
/// Threads: plain values, no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::cache {

struct RedisUrl {
  std::string host;  ///< a name or an address; empty: a unix socket
  std::uint16_t port = 6379;
  std::string path;            ///< of the unix socket
  std::string user, password;  ///< empty: no login
  int database = 0;

  /// "redis://[[USER:]PASSWORD@]HOST[:PORT][/DB]", "unix:PATH[?db=N][&password=P]",
  /// "redis+unix:...", "unix://[USER:PASSWORD@]/PATH"; user, password and path percent-encoded.
  /// kInvalidArgument; the message repeats no secret.
  static Result<RedisUrl> parse(std::string_view text);
  /// As a URL, without user and password.
  std::string shown() const;
};

}  // namespace m8::cache
