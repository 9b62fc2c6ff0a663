#include "output/stream.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/file.h"

namespace m8::output {
namespace {

constexpr std::size_t kMinBound = 1u << 20;

/// How long a reader may take nothing after a stop: so many looks.
constexpr int kLooks = 20;
constexpr int kLookMilliseconds = 100;

bool is_file(int fd) {
  struct stat about {};
  return ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

}  // namespace

Stream::Stream(Fd fd, std::string name, StreamOptions options)
    : fd_(std::move(fd)),
      name_(std::move(name)),
      options_(std::move(options)),
      on_disk_(is_file(fd_.get())) {}

Result<std::unique_ptr<Stream>> Stream::create(const std::string& path, StreamOptions options) {
  const int start = options.append ? O_APPEND : O_TRUNC;
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | start | O_CLOEXEC, 0644));
  if (!fd) return errno_error(path, errno);
  if (!options.asynchronous) return std::make_unique<Stream>(std::move(fd), path, options);
  auto stream = std::make_unique<Stream>(Fd(), path, options);
  stream->file_ = AsyncFileWriter::adopt(std::move(fd), path);
  stream->writer_ = std::make_unique<AsyncFileWriter>();
  return stream;
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
  return writer_ ? hand_over(*pending) : drain(*pending);
}

Status Stream::flush() {
  auto pending = pending_.lock();
  if (!writer_) return drain(*pending);
  if (!pending->empty()) (void)writer_->write(file_, std::exchange(*pending, {}));
  *failed_.lock() = {};
  return writer_->drain(file_);
}

/// What the queue has no room for stays where it is; when that is too much, it waits.
Status Stream::hand_over(std::string& pending) {
  const auto keep = [this](const Status& status) { *failed_.lock() = status; };
  if (!writer_->try_write(file_, pending, keep) && pending.size() > kMinBound)
    (void)writer_->write(file_, std::exchange(pending, {}), keep);
  return *failed_.lock();
}

/// Waits for a descriptor with a reader behind it. False: it is given up.
bool Stream::reader_takes() const {
  pollfd writable{fd_.get(), POLLOUT, 0};
  for (int looks = 0; looks < kLooks; looks += options_.stop.stop_requested() ? 1 : 0)
    if (::poll(&writable, 1, kLookMilliseconds) != 0) return true;
  return false;
}

Status Stream::drain(std::string& pending) {
  std::size_t done = 0;
  Status status;
  while (done < pending.size() && !closed() && status.ok()) {
    // A pipe that is ready takes PIPE_BUF bytes without waiting (POSIX write()).
    const std::size_t left = pending.size() - done;
    if (!on_disk_ && !reader_takes()) {
      closed_ = true;
      pending.clear();
      return Error{ErrorCode::kTimeout, name_ + ": nobody reads it"};
    }
    const std::size_t size = on_disk_ ? left : std::min<std::size_t>(left, PIPE_BUF);
    const ssize_t n = ::write(fd_.get(), pending.data() + done, size);
    if (n >= 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno == EPIPE) {
      closed_ = true;
    } else if (errno != EINTR && errno != EAGAIN) {
      status = errno_error(name_, errno);
    }
  }
  if (closed()) done = pending.size();
  pending.erase(0, done);
  return status;
}

}  // namespace m8::output
