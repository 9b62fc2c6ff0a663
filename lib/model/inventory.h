/// Inventory: what engines ask of what is known from earlier runs. store/ implements it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/hostname.h"

namespace m8::model {

class Inventory {
 public:
  virtual ~Inventory() = default;
  /// Names of \p domain behind \p after, by name, at most \p limit: those that are known, live or
  /// not, and that this run has not seen yet. Empty at the end. Errors of the store.
  virtual Result<std::vector<Hostname>> known(const std::string& domain, std::string_view after,
                                              std::size_t limit) = 0;
};

}  // namespace m8::model
