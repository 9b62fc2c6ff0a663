#include "base/process.h"

#include <latch>
#include <thread>

#include <doctest/doctest.h>

using namespace m8;

TEST_CASE("base/process: counts memory and threads of this process") {
  const ProcessUsage before = process_usage();
  CHECK(before.peak_rss_bytes > 1u << 20);
  CHECK(before.cpu() == before.user + before.system);
  std::latch counted(1);
  const std::jthread waiting([&] { counted.wait(); });
  CHECK(process_usage().threads == before.threads + 1);
  counted.count_down();
}
