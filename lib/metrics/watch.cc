#include "metrics/watch.h"

#include "base/clock.h"

namespace m8::metrics {

Watch::Watch(std::function<void(std::stop_token)> look, std::chrono::milliseconds every)
    : thread_([look = std::move(look), every](const std::stop_token& stop) {
        Clock& clock = SystemClock::instance();
        do look(stop);
        while (clock.sleep_until(clock.now() + every, stop));
      }) {}

}  // namespace m8::metrics
