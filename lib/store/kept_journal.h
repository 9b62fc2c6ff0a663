/// KeptJournal: a journal as the store keeps it: text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::store {

class KeptJournal {
 public:
  virtual ~KeptJournal() = default;
  /// Takes up what \p text says: text() of an earlier session. Before anything begins. kCorrupt.
  virtual Status restore(std::string_view text) = 0;
  virtual std::string text() const = 0;
  /// Changes with every call that changes text().
  virtual std::uint64_t changes() const = 0;
};

}  // namespace m8::store
