/// Domain: an apex of the inventory.
#pragma once

#include <string>

#include "base/clock.h"

namespace m8::model {

struct Domain {
  std::string name;  ///< canonical text
  bool enabled = true;
  WallTime first_seen{};
};

}  // namespace m8::model
