/// DeniedNames: names that were found not to exist, and so everything below them (RFC 8020).
///
/// The newest of them, in memory taken once: a new one may take the place of an old one, which then
/// is only forgotten. Plain value, one thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace m8::dns {

class DeniedNames {
 public:
  /// \p name, canonical text, does not exist. O(length).
  void add(std::string_view name);
  /// The closest name above \p name that is known not to exist, a part of \p name; empty if none
  /// is. O(length * labels), nothing while no name was denied.
  std::string_view above(std::string_view name) const;

 private:
  static constexpr std::size_t kSlots = std::size_t{1} << 16;  // 512 KiB
  std::vector<std::uint64_t> slots_;                           ///< by hash, the hash; 0 is free
};

}  // namespace m8::dns
