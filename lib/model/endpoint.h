/// Endpoint: a live http(s) service.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"

namespace m8::model {

struct Endpoint {
  std::string url;       ///< scheme://host[:port]
  std::string hostname;  ///< host part
  std::string ip;
  int port = 0;
  int status = 0;
  std::string title;
  std::string server;
  bool live = true;
  WallTime last_seen{};
};

}  // namespace m8::model
