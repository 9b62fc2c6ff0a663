#include "base/subprocess.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

namespace m8 {
namespace {

constexpr auto kSampleEvery = std::chrono::milliseconds(10);

Result<Fd> open_stream(const ChildStream& stream, int standard_fd) {
  const bool reads = standard_fd == STDIN_FILENO;
  const int own = stream.inherit ? standard_fd : stream.fd;
  if (own >= 0) {
    Fd copy(::fcntl(own, F_DUPFD_CLOEXEC, 3));
    if (!copy) return errno_error("duplicate a descriptor", errno);
    return copy;
  }
  const std::string path = stream.path.empty() ? "/dev/null" : stream.path;
  const int flags = O_CLOEXEC | (reads ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC);
  Fd file(::open(path.c_str(), flags, 0600));
  if (!file) return errno_error(path, errno);
  return file;
}

/// As exec wants them; borrows \p texts.
std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const auto& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// For the calling thread and all that it starts. What the kernel refuses stays as it was.
void yield_to_all() {
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_IDLE, &none);
  // From linux/ioprio.h, which glibc has no function for.
  constexpr int kWhoProcess = 1, kClassIdle = 3, kClassShift = 13;
  ::syscall(SYS_ioprio_set, kWhoProcess, 0, kClassIdle << kClassShift);
}

/// Between fork and exec: system calls only.
[[noreturn]] void become(const std::vector<char*>& arguments, char* const* environment,
                         const Fd (&streams)[3], int report, bool idle) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  for (int i = 0; i < 3; ++i) ::dup2(streams[i].get(), i);
  if (idle) yield_to_all();
  ::execvpe(arguments[0], arguments.data(), environment);
  const int reason = errno;
  [[maybe_unused]] const auto ignored = ::write(report, &reason, sizeof reason);
  ::_exit(127);
}

/// The child's errno if exec failed; 0 once it has become the program.
int exec_failure(int report) {
  int reason = 0;
  ssize_t got;
  do {
    got = ::read(report, &reason, sizeof reason);
  } while (got < 0 && errno == EINTR);
  return got == sizeof reason ? reason : 0;
}

/// The number behind \p label in the text of /proc/PID/status; 0 if it is not there.
std::uint64_t status_field(const std::string& status, std::string_view label) {
  const auto at = status.find(label);
  return at == status.npos ? 0 : std::strtoull(status.c_str() + at + label.size(), nullptr, 10);
}

std::chrono::microseconds microseconds(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

Child::Child(pid_t pid, Fd pidfd, Clock& clock, std::string name)
    : pid_(pid),
      pidfd_(std::move(pidfd)),
      clock_(&clock),
      name_(std::move(name)),
      started_(clock.now()) {}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      clock_(other.clock_),
      name_(std::move(other.name_)),
      started_(other.started_),
      max_threads_(other.max_threads_),
      peak_rss_bytes_(other.peak_rss_bytes_) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this == &other) return *this;
  destroy();
  pid_ = std::exchange(other.pid_, -1);
  pidfd_ = std::move(other.pidfd_);
  clock_ = other.clock_;
  name_ = std::move(other.name_);
  started_ = other.started_;
  max_threads_ = other.max_threads_;
  peak_rss_bytes_ = other.peak_rss_bytes_;
  return *this;
}

Child::~Child() { destroy(); }

void Child::destroy() {
  if (pid_ < 0) return;
  signal(SIGKILL);
  [[maybe_unused]] const auto usage = reap();
}

Result<Child> Child::start(const ChildOptions& options, Clock& clock) {
  if (options.arguments.empty()) return Error{ErrorCode::kInvalidArgument, "run: no program"};
  const std::string& name = options.arguments[0];
  const Fd streams[3] = {M8_TRY(open_stream(options.input, STDIN_FILENO)),
                         M8_TRY(open_stream(options.output, STDOUT_FILENO)),
                         M8_TRY(open_stream(options.errors, STDERR_FILENO))};
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("run " + name, errno);
  const Fd report_in(ends[0]);
  Fd report_out(ends[1]);

  const std::vector<char*> arguments = pointers(options.arguments);
  const std::vector<char*> own = pointers(options.environment);
  char* const* environment = options.environment.empty() ? environ : own.data();

  const pid_t pid = ::fork();
  if (pid < 0) return errno_error("run " + name, errno);
  if (pid == 0) become(arguments, environment, streams, report_out.get(), options.idle);
  report_out.reset();
  Child child(pid, Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))), clock, name);
  if (!child.pidfd_) return errno_error("run " + name, errno);
  if (const int reason = exec_failure(report_in.get())) return errno_error("run " + name, reason);
  return child;
}

bool Child::running() const {
  if (pid_ < 0) return false;
  pollfd end{pidfd_.get(), POLLIN, 0};
  return ::poll(&end, 1, 0) == 0;
}

Result<ChildUsage> Child::wait(std::chrono::milliseconds timeout, std::stop_token stop) {
  if (pid_ < 0) return Error{ErrorCode::kInvalidArgument, name_ + ": already waited for"};
  const auto deadline = clock_->now() + timeout;
  for (;;) {
    sample();
    pollfd end{pidfd_.get(), POLLIN, 0};
    if (::poll(&end, 1, static_cast<int>(kSampleEvery.count())) > 0) return reap();
    if (stop.stop_requested()) return Error{ErrorCode::kCancelled, name_ + ": stopped"};
    if (clock_->now() >= deadline) return Error{ErrorCode::kTimeout, name_ + ": still running"};
  }
}

void Child::sample() {
  const auto status = read_file(fmt::format("/proc/{}/status", pid_), 64 << 10);
  if (!status.ok()) return;
  max_threads_ = std::max(max_threads_, static_cast<int>(status_field(*status, "\nThreads:")));
  peak_rss_bytes_ = std::max(peak_rss_bytes_, status_field(*status, "\nVmHWM:") << 10);
}

Result<ChildUsage> Child::reap() {
  int status = 0;
  rusage used{};
  pid_t got;
  do {
    got = ::wait4(pid_, &status, 0, &used);
  } while (got < 0 && errno == EINTR);
  pid_ = -1;
  pidfd_.reset();
  if (got < 0) return errno_error(name_, errno);
  ChildUsage usage;
  usage.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  usage.wall = clock_->now() - started_;
  usage.user = microseconds(used.ru_utime);
  usage.system = microseconds(used.ru_stime);
  // Not ru_maxrss: that counts our own pages too, which the child had before exec.
  usage.peak_rss_bytes = peak_rss_bytes_;
  usage.max_threads = max_threads_;
  return usage;
}

void Child::signal(int signal) {
  if (pid_ > 0) ::kill(pid_, signal);
}

Result<ChildUsage> Child::stop(std::chrono::milliseconds grace) {
  signal(SIGTERM);
  auto usage = wait(grace);
  if (usage.ok() || usage.error().code != ErrorCode::kTimeout) return usage;
  signal(SIGKILL);
  return reap();
}

Result<ChildUsage> run_child(const ChildOptions& options, std::chrono::milliseconds timeout,
                             Clock& clock, std::stop_token stop) {
  auto child = M8_TRY(Child::start(options, clock));
  return child.wait(timeout, std::move(stop));
}

Result<std::string> find_program(std::string_view name, std::string_view search_path) {
  const auto usable = [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0; };
  if (name.find('/') != name.npos && usable(std::string(name))) return std::string(name);
  while (name.find('/') == name.npos && !search_path.empty()) {
    const auto end = std::min(search_path.find(':'), search_path.size());
    const std::string path = fmt::format("{}/{}", search_path.substr(0, end), name);
    if (end > 0 && usable(path)) return path;
    search_path.remove_prefix(std::min(end + 1, search_path.size()));
  }
  return Error{ErrorCode::kNotFound, fmt::format("{}: no such program", name)};
}

}  // namespace m8
