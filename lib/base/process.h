/// What this process has cost so far.
#pragma once

#include <chrono>
#include <cstdint>

namespace m8 {

struct ProcessUsage {
  std::chrono::microseconds user{}, system{};
  std::uint64_t peak_rss_bytes = 0;
  int threads = 0;  ///< now; 0 if the kernel does not tell

  std::chrono::microseconds cpu() const { return user + system; }
};

/// Of the calling process, all threads. Any thread.
ProcessUsage process_usage();

}  // namespace m8
