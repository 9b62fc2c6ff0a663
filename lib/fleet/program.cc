#include "fleet/program.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/subprocess.h"

extern char** environ;

namespace m8::fleet {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxMessage = 4 << 10;
/// How often a child whose pipes are still held open by a child of its own is looked at.
constexpr auto kLook = 100ms;

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("make a pipe", errno);
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

void never_wait(const Fd& fd) { ::fcntl(fd.get(), F_SETFL, O_NONBLOCK); }

/// Cuts a stream into lines.
class Lines {
 public:
  Lines(Fd fd, std::size_t max, bool cut) : fd_(std::move(fd)), max_(max), cut_(cut) {
    never_wait(fd_);
  }
  bool open() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }

  /// Reads what is there, at most one block. False if there was nothing.
  Result<bool> read(const TakeLine& take) {
    std::array<char, 64 << 10> block;
    const ssize_t got = ::read(fd_.get(), block.data(), block.size());
    if (got < 0) return false;
    if (got == 0) {
      fd_.reset();
      if (!rest_.empty()) M8_TRY(take(std::exchange(rest_, {})));
      return false;
    }
    M8_TRY(split({block.data(), static_cast<std::size_t>(got)}, take));
    return true;
  }

 private:
  Status split(std::string_view bytes, const TakeLine& take) {
    for (auto end = bytes.find('\n'); end != bytes.npos; end = bytes.find('\n')) {
      const std::string_view line = bytes.substr(0, end);
      bytes.remove_prefix(end + 1);
      if (rest_.empty()) {
        M8_TRY(take(line.substr(0, cut_ ? max_ : line.npos)));
        continue;
      }
      M8_TRY(keep(line));
      M8_TRY(take(std::exchange(rest_, {})));
    }
    return keep(bytes);
  }

  Status keep(std::string_view bytes) {
    const std::size_t room = max_ - std::min(max_, rest_.size());
    if (bytes.size() > room && !cut_)
      return Error{ErrorCode::kExhausted, fmt::format("a line has more than {} bytes", max_)};
    rest_.append(bytes.substr(0, room));
    return {};
  }

  Fd fd_;
  const std::size_t max_;
  const bool cut_;  ///< a longer line is cut, not refused
  std::string rest_;
};

class Running {
 public:
  Running(const ProgramOptions& options, const ProgramOutput& output, Clock& clock,
          std::stop_token stop)
      : options_(options), output_(output), clock_(clock), stop_(std::move(stop)) {}

  Result<ProgramEnd> run() {
    M8_TRY(start());
    const std::stop_callback wake(stop_, [this] {
      const std::uint64_t one = 1;
      [[maybe_unused]] const auto ignored = ::write(wake_.get(), &one, sizeof one);
    });
    Status status;
    while (status.ok() && step()) status = transfer();
    if (!status.ok()) {
      (void)child_->stop(options_.grace);
      return status.error();
    }
    const ChildUsage usage = M8_TRY(child_->wait(1h));
    end_.exit_code = usage.exit_code;
    end_.wall = usage.wall;
    end_.cpu = usage.cpu();
    return std::move(end_);
  }

 private:
  Status start() {
    Pipe in = M8_TRY(make_pipe()), out = M8_TRY(make_pipe()), errors = M8_TRY(make_pipe());
    wake_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake_) return errno_error("make an event", errno);
    ChildOptions child;
    child.arguments = options_.arguments;
    child.arguments.insert(child.arguments.begin(), options_.program);
    child.environment = options_.environment;
    child.idle = options_.idle;
    child.input = ChildStream::descriptor(in.read.get());
    child.output = ChildStream::descriptor(out.write.get());
    child.errors = ChildStream::descriptor(errors.write.get());
    child_.emplace(M8_TRY(Child::start(child, clock_)));
    limit();
    input_ = std::move(in.write);
    never_wait(input_);
    if (options_.input.empty()) input_.reset();
    lines_.emplace(std::move(out.read), options_.max_line, false);
    messages_.emplace(std::move(errors.read), kMaxMessage, true);
    if (options_.deadline > 0ms) end_at_ = clock_.now() + options_.deadline;
    return {};
  }

  /// It could not be told before: it has hardly begun.
  void limit() const {
    const auto pid = child_->pid();
    if (options_.nice > 0) ::setpriority(PRIO_PROCESS, static_cast<id_t>(pid), options_.nice);
    if (options_.memory == 0) return;
    const rlimit limit{options_.memory, options_.memory};
    ::prlimit(pid, RLIMIT_DATA, &limit, nullptr);
  }

  /// Waits for something to do; asks the child to end if it is time. False once all is done.
  bool step() {
    const bool alive = child_->running();
    // A child of the child may hold the pipes: what the child itself wrote has been read then.
    if (!alive && (idle_ || (!lines_->open() && !messages_->open()))) return false;
    const SteadyTime now = clock_.now();
    if (stop_.stop_requested()) ask_to_end(ProgramEnd::Reason::kStopped, now);
    if (end_at_ && now >= *end_at_) ask_to_end(ProgramEnd::Reason::kDeadline, now);
    if (kill_at_ && now >= *kill_at_) child_->signal(SIGKILL);
    pollfd waits[] = {{lines_->fd(), POLLIN, 0},
                      {messages_->fd(), POLLIN, 0},
                      {input_.get(), POLLOUT, 0},
                      {kill_at_ ? -1 : wake_.get(), POLLIN, 0}};
    idle_ = ::poll(waits, 4, alive ? static_cast<int>(kLook.count()) : 0) <= 0;
    return true;
  }

  void ask_to_end(ProgramEnd::Reason reason, SteadyTime now) {
    if (kill_at_) return;
    end_.reason = reason;
    kill_at_ = now + options_.grace;
    child_->signal(SIGTERM);
  }

  Status transfer() {
    if (input_) feed();
    if (lines_->open())
      M8_TRY(lines_->read(
          [this](std::string_view line) { return output_.line ? output_.line(line) : Status(); }));
    if (messages_->open()) M8_TRY(messages_->read([this](std::string_view l) { return heard(l); }));
    return {};
  }

  /// A child that does not read to the end is no error.
  void feed() {
    const std::string_view rest = std::string_view(options_.input).substr(fed_);
    const ssize_t put = ::write(input_.get(), rest.data(), rest.size());
    if (put < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (put > 0) fed_ += static_cast<std::size_t>(put);
    if (put < 0 || fed_ == options_.input.size()) input_.reset();
  }

  Status heard(std::string_view message) {
    if (output_.progress && message.starts_with("{\"elapsed\"")) {
      output_.progress(message);
      return {};
    }
    if (output_.message) output_.message(message);
    std::string& last = end_.last_messages;
    last.append(message).push_back('\n');
    if (last.size() > kMaxMessage) last.erase(0, last.size() - kMaxMessage);
    return {};
  }

  const ProgramOptions& options_;
  const ProgramOutput& output_;
  Clock& clock_;
  std::stop_token stop_;
  Fd wake_, input_;
  std::size_t fed_ = 0;
  std::optional<Lines> lines_, messages_;
  std::optional<Child> child_;  ///< killed before the pipes close
  std::optional<SteadyTime> end_at_, kill_at_;
  bool idle_ = false;
  ProgramEnd end_;
};

}  // namespace

Result<ProgramEnd> run_program(const ProgramOptions& options, const ProgramOutput& output,
                               Clock& clock, std::stop_token stop) {
  return Running(options, output, clock, std::move(stop)).run();
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno_error("write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<std::string> sibling_program(std::string_view name) {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return Error{ErrorCode::kNotFound, fmt::format("{}: {}", name, error.message())};
  return find_program((own.parent_path() / name).string(), {});
}

std::vector<std::string> plain_environment() {
  std::vector<std::string> plain;
  for (char** entry = environ; entry && *entry; ++entry)
    if (!std::string_view(*entry).starts_with("M8_")) plain.emplace_back(*entry);
  return plain;
}

}  // namespace m8::fleet
