/// EarlierFindings: what the sessions before found in a run that goes on (--resume), for files that
/// are one document and so can't be added to.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_set>

#include "base/result.h"
#include "model/finding.h"
#include "store/judged.h"
#include "store/store.h"

namespace m8::num8 {

/// Not thread-safe. 40 bytes for each finding of this session.
class EarlierFindings {
 public:
  /// This session found it, too.
  void saw(const model::Finding& finding);
  /// Calls \p each, which must not call \p store, for what \p run found and this session did not
  /// see, but for what is in \p hidden. Several findings of one issue count as one. Errors of the
  /// store and of \p each.
  Status give(store::Store& store, std::int64_t run, const store::Judged& hidden,
              const std::function<Status(const model::Finding&)>& each) const;

 private:
  std::unordered_set<std::uint64_t> seen_;  ///< hashes of signatures
};

}  // namespace m8::num8
