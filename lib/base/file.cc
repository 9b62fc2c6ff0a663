#include "base/file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

namespace m8 {
namespace {

constexpr std::size_t kBlock = 64u << 10;
constexpr std::size_t kMaxLine = 1u << 20;

Result<Fd> open_for_reading(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error(path, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return errno_error(path, EISDIR);
  }
  return fd;
}

/// Bytes of a regular file, 0 if that is not known.
std::size_t size_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  return static_cast<std::size_t>(status.st_size);
}

/// Reads once, again on EINTR. 0 at the end.
Result<std::size_t> read_some(int fd, char* out, std::size_t size) {
  for (;;) {
    const ssize_t n = ::read(fd, out, size);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) return errno_error("read", errno);
  }
}

/// Waits until \p fd has bytes or has ended.
Status wait_readable(int fd, const std::stop_token& stop) {
  pollfd waiting{fd, POLLIN, 0};
  while (!stop.stop_requested()) {
    const int n = ::poll(&waiting, 1, 100);
    if (n > 0) return {};
    if (n < 0 && errno != EINTR) return errno_error("poll", errno);
  }
  return Error{ErrorCode::kCancelled, "read: interrupted"};
}

Status write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Error errno_error(std::string_view what, int error_number) {
  ErrorCode code = ErrorCode::kIo;
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      code = ErrorCode::kNotFound;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = ErrorCode::kDenied;
      break;
    case EEXIST:
    case EADDRINUSE:
      code = ErrorCode::kExists;
      break;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      code = ErrorCode::kExhausted;
      break;
    case ETIMEDOUT:
      code = ErrorCode::kTimeout;
      break;
    case ECONNRESET:
    case EPIPE:
      code = ErrorCode::kNetwork;
      break;
    case ECONNREFUSED:
    case ENETUNREACH:
    case EHOSTUNREACH:
      code = ErrorCode::kRefused;
      break;
    default:
      break;
  }
  char text[128];
  std::string reason = ::strerror_r(error_number, text, sizeof text);
  if (!reason.empty() && reason[0] >= 'A' && reason[0] <= 'Z')
    reason[0] = static_cast<char>(reason[0] + 32);
  return {code, fmt::format("{}: {}", what, reason)};
}

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const Fd fd = M8_TRY(open_for_reading(path));
  std::string bytes;
  // A byte more than there should be shows the end with one call.
  const std::size_t size = std::min(size_of(fd.get()), max_bytes);
  for (std::size_t block = size > 0 ? size + 1 : kBlock;; block = kBlock) {
    const std::size_t old = bytes.size();
    bytes.resize(old + block);
    auto n = read_some(fd.get(), bytes.data() + old, block);
    if (!n.ok()) return n.error().with_context(path);
    bytes.resize(old + *n);
    if (*n == 0 || (size > 0 && old == 0 && *n == size)) return bytes;
    if (bytes.size() > max_bytes) {
      return Error{ErrorCode::kExhausted, fmt::format("{}: larger than {} bytes", path, max_bytes)};
    }
  }
}

Status write_file_atomically(const std::string& path, std::string_view bytes) {
  std::string temporary = path + ".XXXXXX";
  Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return errno_error(path, errno);
  Status status = write_all(fd.get(), bytes, path);
  if (status.ok() && ::fsync(fd.get()) != 0) status = errno_error(path, errno);
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    status = errno_error(path, errno);
  }
  if (!status.ok()) ::unlink(temporary.c_str());
  return status;
}

LineReader::LineReader(Fd fd) : fd_(std::move(fd)) {}

LineReader::~LineReader() {
  if (fd_.get() == STDIN_FILENO) fd_.release();
}

LineReader::LineReader(LineReader&&) noexcept = default;
LineReader& LineReader::operator=(LineReader&&) noexcept = default;

Result<LineReader> LineReader::open(const std::string& path) {
  return LineReader(M8_TRY(open_for_reading(path)));
}

Result<std::optional<std::string_view>> LineReader::next(std::stop_token stop) {
  bool skipping = false;
  std::size_t scanned = begin_;
  for (;;) {
    const std::size_t newline = buffer_.find('\n', scanned);
    if (newline != std::string::npos || (end_ && begin_ < buffer_.size())) {
      const std::size_t line_end = newline != std::string::npos ? newline : buffer_.size();
      std::string_view line(buffer_.data() + begin_, line_end - begin_);
      begin_ = newline != std::string::npos ? newline + 1 : line_end;
      ++line_number_;
      if (skipping) {
        return Error{ErrorCode::kExhausted,
                     fmt::format("line {}: longer than {} bytes", line_number_, kMaxLine)};
      }
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      return std::optional(line);
    }
    if (end_) return std::optional<std::string_view>();
    if (stop.stop_possible()) M8_TRY(wait_readable(fd_.get(), stop));
    buffer_.erase(0, begin_);
    begin_ = 0;
    if (buffer_.size() > kMaxLine) {
      skipping = true;
      buffer_.clear();
    }
    scanned = buffer_.size();
    buffer_.resize(scanned + kBlock);
    auto n = read_some(fd_.get(), buffer_.data() + scanned, kBlock);
    buffer_.resize(scanned + (n.ok() ? *n : 0));
    if (!n.ok()) return n.error();
    end_ = *n == 0;
    if (end_ && skipping && buffer_.empty()) buffer_ = "\n";
  }
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace m8
