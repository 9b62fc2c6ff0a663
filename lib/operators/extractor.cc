#include "operators/extractor.h"

#include <algorithm>
#include <unordered_set>

#include "base/hash.h"

namespace m8::operators {

void drop_duplicates(dsl::List& values) {
  if (values.size() < 2) return;
  std::unordered_set<std::string, SeededHash> seen;
  std::erase_if(values, [&seen](const std::string& value) { return !seen.insert(value).second; });
}

dsl::List Extractor::extract(const Parts& parts, Context& context) const {
  dsl::List out = values(parts, context);
  drop_duplicates(out);
  return out;
}

}  // namespace m8::operators
