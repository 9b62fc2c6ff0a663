#include "base/process.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <string_view>

#include <dirent.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/memory.h"

namespace m8 {
namespace {

std::chrono::microseconds to_microseconds(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

/// The kernel keeps one entry per thread, and one per descriptor.
int count_entries(const char* directory) {
  struct Close {
    void operator()(DIR* open) const { ::closedir(open); }
  };
  const std::unique_ptr<DIR, Close> entries(::opendir(directory));
  if (!entries) return 0;
  int count = 0;
  while (const dirent* entry = ::readdir(entries.get())) count += entry->d_name[0] != '.' ? 1 : 0;
  return count;
}

/// The kernel's other peak, ru_maxrss, is that of the process that started this one, if it was
/// larger.
std::uint64_t peak_resident_bytes() {
  const auto status = read_file("/proc/self/status", 64u << 10);
  if (!status.ok()) return 0;
  constexpr std::string_view kName = "VmHWM:";
  const auto at = status->find(kName);
  if (at == std::string::npos) return 0;
  return std::strtoull(status->c_str() + at + kName.size(), nullptr, 10) << 10;
}

int most_threads(int now) {
  static std::atomic<int> most{0};
  int seen = most.load();
  while (seen < now && !most.compare_exchange_weak(seen, now)) {
  }
  return std::max(seen, now);
}

}  // namespace

ProcessUsage process_usage() {
  ProcessUsage usage;
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0) {
    usage.user = to_microseconds(used.ru_utime);
    usage.system = to_microseconds(used.ru_stime);
  }
  usage.peak_rss_bytes = peak_resident_bytes();
  usage.resident_bytes = resident_bytes();
  usage.threads = count_entries("/proc/self/task");
  usage.peak_threads = most_threads(usage.threads);
  usage.open_files = std::max(0, count_entries("/proc/self/fd") - 1);  // not the one that reads it
  return usage;
}

}  // namespace m8
