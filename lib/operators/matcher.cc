#include "operators/matcher.h"

namespace m8::operators {

bool Matcher::matches(const Parts& parts, Context& context) const {
  const std::optional<bool> outcome = test(parts, context);
  return outcome && *outcome != fields_.negative;
}

}  // namespace m8::operators
