/// Hostname: a name of a domain, proven unless it says otherwise, with what was seen of it
/// (m8-records(5)).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/endpoint.h"

namespace m8::model {

struct Hostname {
  /// DNS can't tell the name from its zone's wildcard; what is shown may.
  enum class Tie : std::uint8_t {
    kNone,
    kSeen,   ///< a source names it
    kGuess,  ///< nobody does
  };

  std::string domain;                ///< the apex it was found under
  std::string hostname;              ///< canonical text
  std::vector<std::string> sources;  ///< "bruteforce", "permute", a passive source's name
  WallTime first_seen{};
  WallTime last_seen{};
  std::vector<std::string> a, aaaa, cname;
  std::string resolver;             ///< who said so, ip:port
  std::string wildcard;             ///< "", or the verdict: "shared"
  bool proven = true;               ///< false: a source names it, and nobody asked for it
  bool live = true;                 ///< false: asked at last_seen, and denied
  Tie tie = Tie::kNone;             ///< until it is broken
  std::string tie_break;            ///< what told it from the wildcard: "status", "title"...
  std::vector<Endpoint> endpoints;  ///< what answered when it was probed
};

}  // namespace m8::model
