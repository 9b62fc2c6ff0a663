/// RateGate: how often one address may come, counted per second.
///
/// Thread-safe. Memory is bounded: an address that does not fit the table may come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/hash.h"
#include "net/address.h"

namespace m8::oob {

class RateGate {
 public:
  /// \p per_second 0: no limit. \p clock is borrowed.
  RateGate(std::uint32_t per_second, Clock& clock) : per_second_(per_second), clock_(clock) {}

  /// Counts \p peer; false if it has come too often in this second.
  bool admit(const net::IpAddress& peer);

 private:
  struct Window {
    SteadyTime begin{};
    std::unordered_map<std::string, std::uint32_t, SeededHash, std::equal_to<>> counts;
  };
  const std::uint32_t per_second_;
  Clock& clock_;
  Guarded<Window> window_;
};

}  // namespace m8::oob
