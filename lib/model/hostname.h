/// Hostname: a name of a domain, proven unless it says otherwise, with what was seen of it
/// (m8-records(5)).
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"

namespace m8::model {

struct Hostname {
  std::string domain;                ///< the apex it was found under
  std::string hostname;              ///< canonical text
  std::vector<std::string> sources;  ///< "bruteforce", "permute", a passive source's name
  WallTime first_seen{};
  WallTime last_seen{};
  std::vector<std::string> a, aaaa, cname;
  std::string resolver;  ///< who said so, ip:port
  std::string wildcard;  ///< "", or the verdict: "shared"
  bool proven = true;    ///< false: a source names it, and nobody asked for it
  bool live = true;      ///< false: asked at last_seen, and denied
};

}  // namespace m8::model
