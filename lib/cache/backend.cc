#include "cache/backend.h"

namespace m8::cache {

std::vector<Bytes> Backend::get_many(std::span<const std::string> keys) {
  std::vector<Bytes> values;
  values.reserve(keys.size());
  for (const auto& key : keys) values.push_back(get(key));
  return values;
}

void Backend::get_later(std::string_view key, Done done) { done(get(key)); }

void Backend::count(std::string_view, std::uint64_t, std::uint64_t) {}

Result<std::vector<NamedCounts>> Backend::counts() { return std::vector<NamedCounts>(); }

}  // namespace m8::cache
