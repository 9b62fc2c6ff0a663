#include "name_feed.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/file.h"

namespace m8::asmm8 {

Result<std::unique_ptr<NameFeed>> NameFeed::open(std::vector<std::string> arguments,
                                                 const std::string& file, net::Poller& poller) {
  const bool use_stdin = file == "-" || (file.empty() && arguments.empty()) ||
                         (file.empty() && arguments == std::vector<std::string>{"-"});
  if (use_stdin) std::erase(arguments, "-");
  std::unique_ptr<NameFeed> feed(new NameFeed(std::move(arguments), poller));
  if (!use_stdin && file.empty()) return feed;
  feed->source_ = use_stdin ? "stdin" : file;
  feed->fd_ = Fd(use_stdin ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                           : ::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about {};
  if (!feed->fd_ || ::fstat(feed->fd_.get(), &about) != 0) return errno_error(feed->source_, errno);
  if (S_ISDIR(about.st_mode)) return Error{ErrorCode::kIo, feed->source_ + ": is a directory"};
  feed->regular_ = S_ISREG(about.st_mode);
  feed->end_ = false;
  return feed;
}

NameFeed::~NameFeed() {
  if (watched_) poller_.remove(fd_.get());
}

NameFeed::Next NameFeed::next(std::string_view& line) {
  if (next_argument_ < arguments_.size()) {
    line = trim(arguments_[next_argument_++]);
    return line.empty() ? next(line) : Next::kLine;
  }
  for (;;) {
    while (take_line(line)) {
      line = trim(line);
      if (!line.empty()) return Next::kLine;
    }
    if (end_) return Next::kEnd;
    if (!read_block() && wait()) return Next::kLater;
  }
}

bool NameFeed::take_line(std::string_view& line) {
  const std::string_view rest = std::string_view(buffer_).substr(begin_);
  std::size_t size = rest.find('\n');
  if (size == rest.npos) {
    if (rest.size() < kBlock && (!end_ || rest.empty())) return false;
    size = rest.size();
  }
  line = rest.substr(0, size);
  begin_ += std::min(size + 1, rest.size());
  ++line_number_;
  return true;
}

bool NameFeed::read_block() {
  if (!regular_) {
    pollfd readable{fd_.get(), POLLIN, 0};
    if (::poll(&readable, 1, 0) == 0) return false;
  }
  buffer_.erase(0, begin_);
  begin_ = 0;
  const std::size_t kept = buffer_.size();
  buffer_.resize(kept + kBlock);
  const ssize_t count = ::read(fd_.get(), buffer_.data() + kept, kBlock);
  buffer_.resize(kept + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return regular_;
  if (count < 0) status_ = errno_error(source_, errno);
  end_ = count <= 0;
  return true;
}

bool NameFeed::wait() {
  if (!watched_) watched_ = poller_.add(fd_.get(), EPOLLIN, this).ok();
  // What can't be watched is read as if it were a file.
  regular_ = regular_ || !watched_;
  return watched_;
}

void NameFeed::ready(std::uint32_t) {
  poller_.remove(fd_.get());
  watched_ = false;
  if (on_more_) on_more_();
}

std::string NameFeed::place() const {
  if (line_number_ == 0) return fmt::format("argument {}", next_argument_);
  return fmt::format("{}:{}", source_, line_number_);
}

}  // namespace m8::asmm8
