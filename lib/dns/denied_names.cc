#include "dns/denied_names.h"

#include <algorithm>

#include "base/hash.h"

namespace m8::dns {
namespace {

/// Never 0.
std::uint64_t key_of(std::string_view name) { return seeded_hash(name) | 1; }

}  // namespace

void DeniedNames::add(std::string_view name) {
  if (slots_.empty()) slots_.resize(kSlots);
  const std::uint64_t key = key_of(name);
  slots_[key / 2 % kSlots] = key;
}

std::string_view DeniedNames::above(std::string_view name) const {
  while (!slots_.empty()) {
    const std::size_t dot = name.find('.');
    if (dot == name.npos) break;
    name.remove_prefix(dot + 1);
    const std::uint64_t key = key_of(name);
    if (slots_[key / 2 % kSlots] == key) return name;
  }
  return {};
}

}  // namespace m8::dns
