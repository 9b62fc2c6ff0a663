/// Services: what an expression's functions may ask of the world, passed in (house.md).
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "dsl/value.h"

namespace m8::dsl {

/// The default answers: kUnsupported. Thread-safe.
class Services {
 public:
  virtual ~Services() = default;
  virtual Clock& clock() { return SystemClock::instance(); }
  /// Ends wait_for() early.
  virtual std::stop_token stop() { return {}; }
  /// \p bytes of randomness, cryptographic unless a test fixes it.
  virtual void random(void* out, std::size_t bytes);
  /// resolve(host, type): first record's text.
  virtual Result<std::string> resolve(const std::string& host, const std::string& type);
  virtual Result<std::string> public_ip();
  virtual Result<std::string> jarm(const std::string& host_port);
};

}  // namespace m8::dsl
