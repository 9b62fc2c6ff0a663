/// Proxy: where requests go through, and which of them do.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "net/url.h"

namespace m8::http {

struct Proxy {
  enum class Kind {
    kHttp,     ///< absolute-form, or CONNECT for https
    kHttps,    ///< the same within TLS; the proxy's certificate is not verified for targets
    kSocks5,   ///< names are looked up here (curl's socks5)
    kSocks5h,  ///< names are looked up by the proxy
  };
  Kind kind = Kind::kHttp;
  std::string host;  ///< name or address, lower case
  std::uint16_t port = 0;
  std::string user, password;  ///< decoded; both empty = none
  /// Where it listens. Filled in by who looks it up; the target engine looks up nothing for it.
  std::vector<net::SocketAddress> addresses;

  /// "socks5://user:password@host:1080"; without a scheme it is http. kInvalidArgument, and the
  /// message has no password in it.
  static Result<Proxy> parse(std::string_view url);
  bool is_socks() const { return kind == Kind::kSocks5 || kind == Kind::kSocks5h; }
  bool has_login() const { return !user.empty() || !password.empty(); }
  /// "socks5://host:1080": for messages, without the login.
  std::string name() const;
};

/// Which proxy a service's URL goes through.
struct ProxyRules {
  std::string http, https;  ///< URLs for http and https services; empty = none
  std::string none;         ///< hosts that need none: the list of NO_PROXY

  /// From HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY (upper case first, then lower), read by
  /// \p variable. Under CGI (REQUEST_METHOD) HTTP_PROXY is a header of a stranger's and ignored.
  static ProxyRules from_environment(const std::function<std::string(const char*)>& variable);
  /// \p proxy for everything; \p none as it is.
  static ProxyRules all(std::string proxy) { return {proxy, proxy, {}}; }
  /// kInvalidArgument if a URL is not a proxy's.
  Status check() const;
  /// The proxy's URL for \p url; empty = straight there.
  const std::string& for_url(const net::Url& url) const;
};

/// Whether the list \p none (NO_PROXY: names, addresses and CIDRs, with commas between; a name
/// covers what is below it; "*" covers all; ":port" narrows) covers \p url.
bool covers(std::string_view none, const net::Url& url);

}  // namespace m8::http
