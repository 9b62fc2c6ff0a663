/// Services: what an expression's functions may ask of the world, passed in (house.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dsl/value.h"

namespace m8::dsl {

class DrawnTexts;

/// The default answers: kUnsupported. Thread-safe.
class Services {
 public:
  virtual ~Services() = default;
  virtual Clock& clock() { return SystemClock::instance(); }
  /// wait_for(): sleeps; where sleeping would block others, an override notes it instead.
  virtual void wait(std::chrono::seconds time);
  /// \p bytes of randomness, cryptographic unless a test fixes it.
  virtual void random(void* out, std::size_t bytes);
  /// Where the texts that the rand_ functions give are remembered; null: nowhere.
  virtual DrawnTexts* drawn() { return nullptr; }
  /// resolve(host, type): first record's text.
  virtual Result<std::string> resolve(const std::string& host, const std::string& type);
  virtual Result<std::string> public_ip();
  virtual Result<std::string> jarm(const std::string& host_port);
  /// wappalyzer(headers, body): which technologies these show, sorted, "Nginx:1.25.3".
  virtual Result<List> technologies(const std::vector<std::pair<std::string, std::string>>& headers,
                                    std::string_view body);
};

}  // namespace m8::dsl
