/// CookieJar: cookies of one template on one target (RFC 6265, templates 3.9).
///
/// Any thread. Small: at most 100 cookies, the oldest goes first, so a server that sends 10,000
/// costs nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "http/request.h"
#include "http/response.h"

namespace m8::http {

/// One Set-Cookie line, read as RFC 6265 5.2 says.
struct Cookie {
  std::string name;
  std::string value;   ///< without surrounding quotes
  std::string domain;  ///< lower case, without a leading dot; empty = only the host that set it
  std::string path;    ///< empty = from the request's path
  bool secure = false;
  /// Seconds to live; 0 or less: the cookie is to be removed. Empty: until the end.
  std::optional<std::int64_t> max_age;

  /// Empty for a line without '=' or with a name that is no token.
  static std::optional<Cookie> parse(std::string_view line, WallTime now);
};

class CookieJar {
 public:
  explicit CookieJar(Clock& clock) : clock_(clock) {}

  /// Stores the Set-Cookie lines of \p response, which answered \p url. Lines for a foreign domain
  /// or for a public suffix are ignored.
  void store(const net::Url& url, const std::vector<Header>& headers);
  /// "a=1; b=2" for a request to \p url (longest path first, then oldest); empty without any.
  std::string header_for(const net::Url& url) const;
  std::size_t size() const;

 private:
  struct Entry {
    Cookie cookie;
    bool host_only = true;
    std::optional<SteadyTime> expires;
  };
  static bool place(const net::Url& url, Entry& entry);
  static bool matches(const Entry& entry, const net::Url& url);
  void put(Entry entry, std::vector<Entry>& entries) const;

  Clock& clock_;
  Guarded<std::vector<Entry>> entries_;  ///< in order of creation
};

/// Puts \p more ("a=1; b=2") into the Cookie header value \p value: a name that is there takes the
/// new value, others are appended.
std::string merge_cookies(std::string_view value, std::string_view more);

}  // namespace m8::http
