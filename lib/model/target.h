/// Target: one thing to scan, as it was given and as it is reached.
#pragma once

#include <string>

#include "net/url.h"

namespace m8::model {

struct Target {
  std::string input;  ///< as typed or as the record named it
  net::Url url;       ///< where it answers; scheme empty if it was never probed
  std::string ip;     ///< a chosen address, else empty
};

}  // namespace m8::model
