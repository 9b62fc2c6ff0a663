#include "base/process.h"

#include <filesystem>

#include <sys/resource.h>

namespace m8 {
namespace {

std::chrono::microseconds to_microseconds(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

/// The kernel keeps one directory per thread.
int count_threads() {
  std::error_code error;
  std::filesystem::directory_iterator tasks("/proc/self/task", error);
  if (error) return 0;
  return static_cast<int>(std::distance(begin(tasks), end(tasks)));
}

}  // namespace

ProcessUsage process_usage() {
  ProcessUsage usage;
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0) {
    usage.user = to_microseconds(used.ru_utime);
    usage.system = to_microseconds(used.ru_stime);
    usage.peak_rss_bytes = static_cast<std::uint64_t>(used.ru_maxrss) << 10;
  }
  usage.threads = count_threads();
  return usage;
}

}  // namespace m8
