#include "base/process.h"

#include <latch>
#include <thread>

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/fd.h"

using namespace m8;

TEST_CASE("base/process: counts memory, threads and descriptors of this process") {
  const ProcessUsage before = process_usage();
  CHECK(before.peak_rss_bytes > 1u << 20);
  CHECK(before.cpu() == before.user + before.system);
  std::latch counted(1);
  const std::jthread waiting([&] { counted.wait(); });
  CHECK(process_usage().threads == before.threads + 1);
  CHECK(process_usage().peak_threads >= before.threads + 1);
  counted.count_down();
  CHECK(before.resident_bytes > 1u << 20);
  CHECK(before.resident_bytes <=
        before.peak_rss_bytes + (8u << 20));  // the kernel counts in bunches
  const Fd one(::dup(2)), two(::dup(2));
  CHECK(process_usage().open_files == before.open_files + 2);
}
