/// What this process has cost so far, and what it holds.
#pragma once

#include <chrono>
#include <cstdint>

namespace m8 {

struct ProcessUsage {
  std::chrono::microseconds user{}, system{};
  std::uint64_t peak_rss_bytes = 0;  ///< since the program began: not of who started it
  std::uint64_t resident_bytes = 0;  ///< now
  int threads = 0;                   ///< now; 0 if the kernel does not tell, as the rest
  int peak_threads = 0;              ///< the most that any call has seen
  int open_files = 0;                ///< descriptors, now

  std::chrono::microseconds cpu() const { return user + system; }
};

/// Of the calling process, all threads. Any thread. Some 50 microseconds.
ProcessUsage process_usage();

}  // namespace m8
