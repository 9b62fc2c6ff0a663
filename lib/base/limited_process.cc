#include "base/limited_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

namespace m8 {
namespace {

/// Bytes of address space this process has.
rlim_t address_space() {
  const auto text = read_file("/proc/self/statm", 256);
  return text ? std::strtoull(text->c_str(), nullptr, 10) * 4096 : 0;
}

void limit_address_space(rlim_t bytes) {
  const rlimit limit{bytes, bytes};
  ::setrlimit(RLIMIT_AS, &limit);
}

/// In the new process: nothing of the parent's is kept but \p socket, and the terminal's Ctrl-C is
/// left to the parent, whose end of the socket closes when it leaves.
void leave_parent(int socket, const char* name) {
  sigset_t none;
  sigemptyset(&none);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(socket, 3);
  for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
  ::syscall(SYS_close_range, 4U, ~0U, 0U);
  static char* no_environment[] = {nullptr};
  environ = no_environment;  // libraries read it, and some take no null
  ::prctl(PR_SET_NAME, (std::string("m8-") + name).c_str());
}

}  // namespace

LimitedProcess::LimitedProcess(LimitedProcess&& other) noexcept
    : options_(other.options_),
      pid_(std::exchange(other.pid_, -1)),
      socket_(std::move(other.socket_)),
      buffer_(std::move(other.buffer_)),
      used_(std::exchange(other.used_, 0)) {}

Error LimitedProcess::gone() const {
  return {ErrorCode::kExhausted, std::string(options_.name) + ": the helper process ended"};
}

Status LimitedProcess::start() {
  const auto failed = [&] {
    return Error{ErrorCode::kExhausted, std::string(options_.name) + ": " + std::strerror(errno)};
  };
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return failed();
  Fd mine(ends[0]), theirs(ends[1]);
  const rlim_t memory = options_.memory == 0 ? 0 : address_space() + options_.memory;
  const pid_t pid = ::fork();
  if (pid == 0) {
    leave_parent(theirs.get(), options_.name);
    if (memory != 0) limit_address_space(memory);
    options_.serve(3);
    ::_exit(0);
  }
  if (pid < 0) return failed();
  pid_ = pid;
  socket_ = std::move(mine);
  buffer_.clear();
  used_ = 0;
  return {};
}

void LimitedProcess::stop() {
  socket_.reset();
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

Status LimitedProcess::wait_for(short events, Deadline deadline) const {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now())
          .count();
  pollfd entry{socket_.get(), events, 0};
  const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
  if (ready == 0) {
    return Error{ErrorCode::kTimeout, std::string(options_.name) + ": the program took too long"};
  }
  return {};
}

Status LimitedProcess::send(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      M8_TRY(wait_for(POLLOUT, deadline));
    } else if (errno != EINTR) {
      return gone();
    }
  }
  return {};
}

Status LimitedProcess::receive(Deadline deadline) {
  M8_TRY(wait_for(POLLIN, deadline));
  char block[16384];
  const ssize_t got = ::recv(socket_.get(), block, sizeof block, MSG_DONTWAIT);
  if (got > 0) {
    buffer_.append(block, static_cast<std::size_t>(got));
  } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
    return gone();
  }
  return {};
}

Result<std::string> LimitedProcess::take(std::size_t size, Deadline deadline) {
  while (buffer_.size() - used_ < size) M8_TRY(receive(deadline));
  std::string out = buffer_.substr(used_, size);
  used_ += size;
  if (used_ == buffer_.size()) {
    buffer_.clear();
    used_ = 0;
  }
  return out;
}

Result<std::uint32_t> LimitedProcess::take_number(Deadline deadline) {
  const std::string bytes = M8_TRY(take(sizeof(std::uint32_t), deadline));
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

void limit_memory(std::size_t bytes) { limit_address_space(address_space() + bytes); }

void limit_cpu(std::chrono::milliseconds time) {
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(time.count() / 1000);
  timer.it_value.tv_usec = static_cast<suseconds_t>(time.count() % 1000) * 1000;
  ::setitimer(ITIMER_PROF, &timer, nullptr);
}

bool read_fully(int socket, void* into, std::size_t size) {
  auto* out = static_cast<char*>(into);
  while (size > 0) {
    const ssize_t got = ::read(socket, out, size);
    if (got <= 0) return false;
    out += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_fully(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(socket, bytes.data(), bytes.size());
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

}  // namespace m8
