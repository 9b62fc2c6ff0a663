#include "fleet/process_name.h"

#include <array>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"

namespace m8::fleet {
namespace {

/// Boot and PID namespace; empty if the kernel does not tell.
std::string machine() {
  std::error_code error;
  const auto boot = read_file("/proc/sys/kernel/random/boot_id", 4096);
  const auto space = std::filesystem::read_symlink("/proc/self/ns/pid", error);
  if (!boot.ok() || error) return {};
  return fmt::format("{}/{}", boot->substr(0, boot->find('\n')), space.string());
}

/// When it was started, in ticks since the boot; empty if there is no such process, or a zombie.
std::string start_of(std::string_view pid) {
  const auto stat = read_file(fmt::format("/proc/{}/stat", pid), 4096);
  if (!stat.ok()) return {};
  // The name, in brackets, may hold anything: what follows it is field 3.
  std::size_t at = stat->rfind(')');
  if (at == stat->npos || stat->compare(at, 3, ") Z") == 0) return {};
  for (int field = 2; field < 22 && at != stat->npos; ++field) at = stat->find(' ', at + 1);
  if (at == stat->npos) return {};
  return stat->substr(at + 1, stat->find(' ', at + 1) - at - 1);
}

}  // namespace

std::string own_process_name() {
  const std::string pid = std::to_string(::getpid());
  return fmt::format("{} {} {}", machine(), pid, start_of(pid));
}

bool is_known_dead(std::string_view name) {
  const auto first = name.find(' '), second = name.find(' ', first + 1);
  if (first == 0 || first == name.npos || second == name.npos) return false;
  if (name.substr(0, first) != machine()) return false;
  const auto pid = name.substr(first + 1, second - first - 1);
  const bool number = !pid.empty() && pid.find_first_not_of("0123456789") == pid.npos;
  return number && start_of(pid) != name.substr(second + 1);
}

}  // namespace m8::fleet
