/// What the lab does wrong on purpose: latency, loss, lies, and hosts that break HTTP.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace m8::lab {

struct Faults {
  std::chrono::milliseconds latency{0};      ///< before every HTTP answer
  std::chrono::milliseconds dns_latency{0};  ///< before every DNS answer over UDP
  double loss = 0;                           ///< 0..1 of the UDP queries go unanswered
  double lie = 0;                            ///< 0..1 of the names get a false address
  std::uint64_t honest = 0;                  ///< so many queries go by before the first lie
  std::uint64_t seed = 8;                    ///< same seed, same losses and lies
};

/// How a web host behaves towards HTTP.
enum class Behaviour {
  kProper,
  kReset,    ///< resets the connection once it has a request
  kDrip,     ///< sends its answer one byte at a time, without end in sight
  kGarbage,  ///< sends bytes that are no HTTP
  kShort,    ///< promises more body than it sends, then closes
};

/// Small, fast and the same everywhere (SplitMix64).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// True with \p probability 0..1.
  bool roll(double probability) {
    return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
  }

 private:
  std::uint64_t state_;
};

/// A verdict on \p name that depends on it and the seed alone, not on the order of questions.
inline bool chosen(std::string_view name, std::uint64_t seed, double probability) {
  std::uint64_t hash = 0xcbf29ce484222325 ^ seed;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return Dice(hash).roll(probability);
}

}  // namespace m8::lab
