/// Together: several statements in one transaction.
#pragma once

#include <functional>

#include "base/result.h"
#include "store/query.h"

namespace m8::store {

/// A store that can do so: every SQL database here is one besides being a Store.
class Together {
 public:
  virtual ~Together() = default;
  /// Runs all that \p work runs on what it is given in one transaction; again from the start if
  /// other programs were in the way. An error of \p work undoes it. \p what: for the log.
  using Work = std::function<Status(Statements& inside)>;
  virtual Status together(const char* what, const Work& work) = 0;
};

}  // namespace m8::store
