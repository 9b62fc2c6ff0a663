#include "output/stream.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>

#include "base/file.h"

namespace m8::output {
namespace {

constexpr std::size_t kMinBound = 1u << 20;

/// A descriptor that somebody else made non-blocking (a shared terminal or pipe).
void wait_writable(int fd) {
  pollfd waiting{fd, POLLOUT, 0};
  (void)::poll(&waiting, 1, 1000);
}

}  // namespace

Stream::Stream(Fd fd, std::string name, StreamOptions options)
    : fd_(std::move(fd)), name_(std::move(name)), options_(options) {}

Result<std::unique_ptr<Stream>> Stream::create(const std::string& path, StreamOptions options) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return errno_error(path, errno);
  return std::make_unique<Stream>(std::move(fd), path, options);
}

Stream::~Stream() {
  (void)flush();
  if (fd_.get() == STDOUT_FILENO || fd_.get() == STDERR_FILENO) (void)fd_.release();
}

Status Stream::write(std::string_view record) {
  if (closed()) return {};
  auto pending = pending_.lock();
  // Only a descriptor that refuses lets this much pile up.
  if (pending->size() > std::max(2 * options_.buffer_bytes, kMinBound)) M8_TRY(drain(*pending));
  pending->append(record);
  if (!options_.flush_each && pending->size() < options_.buffer_bytes) return {};
  return drain(*pending);
}

Status Stream::flush() {
  auto pending = pending_.lock();
  return drain(*pending);
}

Status Stream::drain(std::string& pending) {
  std::size_t done = 0;
  Status status;
  while (done < pending.size() && !closed() && status.ok()) {
    const ssize_t n = ::write(fd_.get(), pending.data() + done, pending.size() - done);
    if (n >= 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno == EPIPE) {
      closed_ = true;
    } else if (errno == EAGAIN) {
      wait_writable(fd_.get());
    } else if (errno != EINTR) {
      status = errno_error(name_, errno);
    }
  }
  if (closed()) done = pending.size();
  pending.erase(0, done);
  return status;
}

}  // namespace m8::output
