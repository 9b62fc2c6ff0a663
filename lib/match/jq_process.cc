// This end of the helper: start, ask, kill.

#include "match/jq_process.h"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

namespace m8::match {
namespace {

using Clock = std::chrono::steady_clock;
constexpr rlim_t kMemory = rlim_t{256} << 20;

Error timeout_error() { return {ErrorCode::kTimeout, "jq: the program took too long"}; }
Error gone_error() { return {ErrorCode::kExhausted, "jq: the helper process ended"}; }

/// Waits until \p socket is ready for \p events.
Status wait_for(int socket, short events, Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd entry{socket, events, 0};
  const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
  if (ready == 0) return timeout_error();
  return {};
}

Status send_all(int socket, std::string_view bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      M8_TRY(wait_for(socket, POLLOUT, deadline));
    } else if (errno != EINTR) {
      return gone_error();
    }
  }
  return {};
}

/// Reads answers in blocks.
class Answer {
 public:
  Answer(int socket, Clock::time_point deadline) : socket_(socket), deadline_(deadline) {}

  Result<std::string> take(std::size_t size) {
    while (buffer_.size() - used_ < size) M8_TRY(receive());
    std::string out = buffer_.substr(used_, size);
    used_ += size;
    return out;
  }
  Result<std::uint32_t> number() {
    const std::string bytes = M8_TRY(take(sizeof(std::uint32_t)));
    std::uint32_t n = 0;
    std::memcpy(&n, bytes.data(), sizeof n);
    return n;
  }

 private:
  Status receive() {
    M8_TRY(wait_for(socket_, POLLIN, deadline_));
    char block[16384];
    const ssize_t got = ::recv(socket_, block, sizeof block, MSG_DONTWAIT);
    if (got > 0) {
      buffer_.append(block, static_cast<std::size_t>(got));
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      return gone_error();
    }
    return {};
  }

  int socket_;
  Clock::time_point deadline_;
  std::string buffer_;
  std::size_t used_ = 0;
};

Result<std::vector<JqValue>> receive_values(Answer answer) {
  std::vector<JqValue> values;
  for (;;) {
    const std::string mark = M8_TRY(answer.take(1));
    if (mark == "b") return Error{ErrorCode::kInvalidArgument, "jq: the program is no good"};
    if (mark == "e") return values;
    const std::string kind = M8_TRY(answer.take(1));
    const std::uint32_t size = M8_TRY(answer.number());
    values.push_back({kind == "s", M8_TRY(answer.take(size))});
  }
}

/// Bytes of address space this process has.
rlim_t address_space() {
  const auto text = read_file("/proc/self/statm", 256);
  return text ? std::strtoull(text->c_str(), nullptr, 10) * 4096 : 0;
}

/// In the new process: nothing of the parent's is kept but \p socket, memory is bounded, and the
/// terminal's Ctrl-C is left to the parent, whose end of the socket closes when it leaves.
[[noreturn]] void become_helper(int socket, rlim_t memory) {
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
  environ = no_environment;  // libjq reads it, and takes no null
  ::prctl(PR_SET_NAME, "m8-jq");
  const rlimit limit{memory, memory};
  ::setrlimit(RLIMIT_AS, &limit);
  serve_jq(3);
}

}  // namespace

JqProcess::JqProcess(JqProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), socket_(std::move(other.socket_)) {}

Status JqProcess::start() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return Error{ErrorCode::kExhausted, std::string("jq: ") + std::strerror(errno)};
  }
  Fd mine(ends[0]), theirs(ends[1]);
  const rlim_t memory = address_space() + kMemory;
  const pid_t pid = ::fork();
  if (pid == 0) become_helper(theirs.get(), memory);
  if (pid < 0) return Error{ErrorCode::kExhausted, std::string("jq: ") + std::strerror(errno)};
  pid_ = pid;
  socket_ = std::move(mine);
  return {};
}

void JqProcess::stop() {
  socket_.reset();
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

Result<std::vector<JqValue>> JqProcess::run(std::string_view program, std::string_view document,
                                            std::chrono::milliseconds limit) {
  if (pid_ < 0) M8_TRY(start());
  const auto deadline = Clock::now() + limit;
  const std::uint32_t head[3] = {static_cast<std::uint32_t>(limit.count()),
                                 static_cast<std::uint32_t>(program.size()),
                                 static_cast<std::uint32_t>(document.size())};
  std::string request(reinterpret_cast<const char*>(head), sizeof head);
  request += program;
  request += document;
  if (Status sent = send_all(socket_.get(), request, deadline); !sent.ok()) {
    stop();
    return sent.error();
  }
  auto values = receive_values(Answer(socket_.get(), deadline));
  if (!values.ok() && values.error().code != ErrorCode::kInvalidArgument) stop();
  return values;
}

}  // namespace m8::match
