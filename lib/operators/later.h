/// Later: operators that are compiled when somebody first needs more of them than their block's
/// tree and their need tell.
///
/// Most templates of a scan never match anything: their needs rule out each answer, and what they
/// would search for is never compiled. Thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace m8::operators {

class Operators;

/// Where the operators of a template's blocks can be compiled from, later and as often as asked.
class LaterSource {
 public:
  virtual ~LaterSource() = default;
  /// Those of block number \p block. Errors as Operators::compile().
  virtual Result<Operators> operators_of(std::size_t block) const = 0;
};

struct Later {
  std::shared_ptr<const LaterSource> source;  ///< shared by the blocks of a template
  std::size_t block = 0;
  std::string_view need;  ///< for unpack_need(); lives as long as the source
};

}  // namespace m8::operators
