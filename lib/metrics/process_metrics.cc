#include "metrics/process_metrics.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <malloc.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/version.h"

namespace m8::metrics {
namespace {

/// The number behind \p name in a file of "name: number" lines; 0 if it is not there.
std::uint64_t number_after(const std::string& text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string::npos) return 0;
  return std::strtoull(text.c_str() + at + name.size(), nullptr, 10);
}

std::string text_of(const char* path) { return read_file(path, 64u << 10).value_or(""); }

/// Of the control group of version 2 that the process is in; 0 without a limit.
std::uint64_t group_limit() {
  const std::string own = text_of("/proc/self/cgroup");
  const std::size_t at = own.find("0::");
  if (at == std::string::npos) return 0;
  const std::string path = own.substr(at + 3, own.find('\n', at) - at - 3);
  const std::string limit = text_of(("/sys/fs/cgroup" + path + "/memory.max").c_str());
  return std::strtoull(limit.c_str(), nullptr, 10);  // "max" is 0
}

double start_time() {
  // Field 22 of stat: clock ticks after the boot. The name in field 2 may hold anything.
  const std::string stat = text_of("/proc/self/stat");
  std::size_t at = stat.rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
  if (at == std::string::npos) return 0;
  const double ticks = static_cast<double>(std::strtoull(stat.c_str() + at, nullptr, 10));
  return static_cast<double>(number_after(text_of("/proc/stat"), "btime ")) +
         ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double most_files() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

void sample_memory(Registry& registry, const ProcessUsage& usage, std::uint64_t limit) {
  const auto set = [&registry](const char* component, std::uint64_t bytes) {
    registry.gauge(kMemoryUsage, {component}).set(static_cast<double>(bytes));
  };
  const std::string status = text_of("/proc/self/status");
  set("resident", usage.resident_bytes);
  set("anonymous", number_after(status, "RssAnon:") << 10);
  set("file", number_after(status, "RssFile:") << 10);
  set("heap", ::mallinfo2().uordblks);
  registry.gauge(kResident).set(static_cast<double>(usage.resident_bytes));
  registry.gauge(kMemoryAvailable).set(static_cast<double>(available_memory(limit)));
}

}  // namespace

std::uint64_t available_memory(std::uint64_t limit) {
  struct sysinfo machine {};
  std::uint64_t least = 0;
  if (::sysinfo(&machine) == 0) least = std::uint64_t{machine.totalram} * machine.mem_unit;
  for (const std::uint64_t bound : {limit, group_limit()}) {
    if (bound != 0) least = least == 0 ? bound : std::min(least, bound);
  }
  return least;
}

void sample_process(Registry& registry, std::string_view program, std::uint64_t limit) {
  const ProcessUsage usage = process_usage();
  registry.counter(kCpu).raise_to(static_cast<std::uint64_t>(usage.cpu().count()));
  registry.gauge(kOpenFiles).set(usage.open_files);
  registry.gauge(kMostFiles).set(most_files());
  registry.gauge(kThreads).set(usage.threads);
  static const double started = start_time();
  registry.gauge(kStarted).set(started);
  registry.gauge(kBuild, {program, version()}).set(1);
  const std::string io = text_of("/proc/self/io");
  registry.counter(kDiskBytes, {"read"}).raise_to(number_after(io, "\nread_bytes: "));
  registry.counter(kDiskBytes, {"written"}).raise_to(number_after(io, "\nwrite_bytes: "));
  sample_memory(registry, usage, limit);
}

}  // namespace m8::metrics
