/// EndpointLog: what a scan tells of the web servers that answered it, from answers that it got
/// anyway.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/hash.h"
#include "http/response.h"
#include "model/endpoint.h"
#include "net/url.h"

namespace m8::scan {

/// Makes a record at a server's first answer, and again when an answer tells more: the status of
/// the front page, or the title (recon 5) of the first HTML page that was seen; the front page's
/// own goes before others'. At most five records of one server. Thread-safe; remembers the servers
/// used last, bounded.
class EndpointLog {
 public:
  /// \p max_servers are remembered at least; at most twice as many.
  explicit EndpointLog(std::size_t max_servers = 10'000) : max_servers_(max_servers) {}

  /// All that is known of the server behind \p url, named \p key, after \p response; nothing if it
  /// tells no more than earlier ones. The status is 0 until the front page was seen. Reads the
  /// start of a body (256 KiB) at most twice for each server.
  std::optional<model::Endpoint> answered(std::string_view key, const net::Url& url,
                                          const http::Response& response, WallTime now);

 private:
  /// How good a source of a fact is; a better one replaces it.
  enum class From { kNothing, kSecondBest, kFrontPage };
  struct Known {
    bool answered = false;
    From status_from = From::kNothing, title_from = From::kNothing;
    int status = 0;
    std::string title, server;
  };
  using Table = std::unordered_map<std::string, Known, SeededHash, std::equal_to<>>;
  /// Two generations: when the young one is full, the old one is forgotten.
  struct State {
    Table young, old;
  };
  Known& entry(State& state, std::string_view key) const;

  const std::size_t max_servers_;
  Guarded<State> state_;
};

}  // namespace m8::scan
