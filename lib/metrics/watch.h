/// Watch: a thread that looks at something now and then, whose answer may take too long for a
/// sampler: a server, a disk.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

namespace m8::metrics {

class Watch {
 public:
  static constexpr std::chrono::milliseconds kEvery{5'000};

  /// Looks at nothing.
  Watch() = default;
  /// Calls \p look at once and then \p every so often, on a thread of its own, until the watch is
  /// gone; \p look ends early when its token says so.
  explicit Watch(std::function<void(std::stop_token)> look,
                 std::chrono::milliseconds every = kEvery);

 private:
  std::jthread thread_;
};

}  // namespace m8::metrics
