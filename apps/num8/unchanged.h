/// UnchangedTargets: --skip-unchanged, what it remembers and where.
#pragma once

#include <memory>

#include "cache/backend.h"
#include "cli/flag.h"
#include "scan/unchanged.h"
#include "templates/catalog.h"

namespace m8::num8 {

class UnchangedTargets {
 public:
  /// Opens it if --skip-unchanged is given; what it remembers is of \p catalog as its files are
  /// now. Errors of --cache-url and of the templates' files; kInvalidArgument without a place.
  Status open(const cli::Values& flags, const templates::Catalog& catalog);
  /// Null: each target is scanned.
  scan::Unchanged* targets() { return targets_.get(); }

 private:
  std::unique_ptr<cache::Backend> backend_;
  std::unique_ptr<scan::Unchanged> targets_;
};

}  // namespace m8::num8
