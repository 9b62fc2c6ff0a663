/// ScanJournal: which targets of a scan are finished, and which templates of those that are not, so
/// that the scan can go on after it was killed. store/ implements it.
#pragma once

#include <cstdint>
#include <memory>

#include "model/journal.h"

namespace m8::model {

/// Targets come in an order that is the same each time and are numbered from 0; so are the
/// templates on each. Thread-safe.
class ScanJournal {
 public:
  virtual ~ScanJournal() = default;
  /// The journal of the templates on target \p number, the next one in order; null if the target
  /// was finished before. What it calls finished is only so once the sink has what came of it.
  virtual std::shared_ptr<Journal> begin(std::uint64_t number) = 0;
  virtual void finished(std::uint64_t number) = 0;
};

}  // namespace m8::model
