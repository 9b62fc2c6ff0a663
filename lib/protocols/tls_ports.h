/// TlsPorts: ports that have told a plain request that they speak TLS (templates 3.6.11).
///
/// One for a target; thread-safe.
#pragma once

#include <atomic>
#include <string>
#include <unordered_set>

#include "base/guarded.h"
#include "base/hash.h"
#include "http/response.h"
#include "net/url.h"

namespace m8::protocols {

class TlsPorts {
 public:
  /// True if plain requests to \p url's host and port are to go out over TLS.
  bool holds(const net::Url& url) const;
  /// Notes host and port of \p url if \p answer says that it is the wrong scheme.
  void learn(const net::Url& url, const http::Response& answer);
  /// It does not speak TLS after all.
  void forget(const net::Url& url);

 private:
  std::atomic<bool> any_{false};  ///< spares nearly every request the lock
  Guarded<std::unordered_set<std::string, SeededHash, std::equal_to<>>> ports_;
};

}  // namespace m8::protocols
