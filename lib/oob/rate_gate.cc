#include "oob/rate_gate.h"

namespace m8::oob {
namespace {

constexpr std::size_t kMostAddresses = 100'000;

}  // namespace

bool RateGate::admit(const net::IpAddress& peer) {
  if (per_second_ == 0) return true;
  const std::string_view key(reinterpret_cast<const char*>(peer.data()), peer.size());
  const SteadyTime now = clock_.now();
  auto window = window_.lock();
  if (now - window->begin >= std::chrono::seconds(1)) {
    window->begin = now;
    window->counts.clear();
  }
  auto at = window->counts.find(key);
  if (at == window->counts.end()) {
    if (window->counts.size() >= kMostAddresses) return true;
    at = window->counts.emplace(std::string(key), 0).first;
  }
  return ++at->second <= per_second_;
}

}  // namespace m8::oob
