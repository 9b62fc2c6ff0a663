#include "enumerate/walk_log.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "enumerate/nsec_walk.h"
#include "net/name.h"

namespace m8::enumerate {
namespace {

constexpr std::size_t kMostBytes = 1u << 30;

}  // namespace

Result<std::unique_ptr<WalkLog>> WalkLog::open(const std::string& path, bool go_on) {
  const int flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | (go_on ? 0 : O_TRUNC);
  Fd fd(::open(path.c_str(), flags, 0600));
  if (!fd) return errno_error(path, errno);
  std::unique_ptr<WalkLog> log(new WalkLog(path, std::move(fd)));
  if (go_on) M8_TRY(log->read());
  return log;
}

Status WalkLog::read() {
  const std::string text = M8_TRY(read_file(path_, kMostBytes));
  // A kill may have left a part of a line: what follows it must not become its end.
  const std::size_t whole = text.rfind('\n') + 1;
  if (::ftruncate(fd_.get(), static_cast<off_t>(whole)) != 0) return errno_error(path_, errno);
  for (std::size_t at = 0; at < whole;) {
    const std::size_t end = text.find('\n', at);
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    const std::size_t space = line.find(' ');
    if (space == line.npos) continue;
    const std::string zone(line.substr(0, space)), name(line.substr(space + 1));
    if (!net::name_is_inside(name, zone)) continue;
    auto& names = known_[zone];
    if (names.empty() || canonical_less(names.back(), name)) names.push_back(name);
  }
  return {};
}

std::vector<std::string> WalkLog::take(const std::string& zone) {
  auto names = known_.extract(zone);
  return names.empty() ? std::vector<std::string>() : std::move(names.mapped());
}

void WalkLog::add(std::string_view zone, std::string_view name) {
  const std::lock_guard lock(mutex_);
  ((fresh_ += zone) += ' ') += name;
  fresh_ += '\n';
}

Status WalkLog::save() {
  std::string lines;
  {
    const std::lock_guard lock(mutex_);
    lines.swap(fresh_);
  }
  for (std::string_view left = lines; !left.empty();) {
    const ssize_t count = ::write(fd_.get(), left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error(path_, errno);
    left.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

void WalkLog::remove() { (void)::unlink(path_.c_str()); }

}  // namespace m8::enumerate
