#include "metrics/cpu_profile.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <unordered_map>

#include <fmt/format.h>
#include <sys/time.h>

#include "metrics/symbols.h"

namespace m8::metrics {
namespace {

/// StackRing::put(), the handler, and what the kernel calls it through.
constexpr std::size_t kHandlerFrames = 3;

/// Both are never freed: a signal or a thread that is late may still look at them.
struct Rings {
  StackRing times, allocations;
};

std::atomic<Rings*> g_rings{nullptr};

/// Only what a signal handler may do.
void take_sample(int) {
  const int saved = errno;
  if (Rings* rings = g_rings.load(std::memory_order_acquire)) rings->times.put(1);
  errno = saved;
}

void set_timer(int per_second) {
  itimerval timer{};
  if (per_second > 0) timer.it_interval.tv_usec = timer.it_value.tv_usec = 1'000'000 / per_second;
  ::setitimer(ITIMER_PROF, &timer, nullptr);
}

/// "http" of "m8::http::TargetLoop::read"; empty for what is no room's.
std::string_view room_of(std::string_view function) {
  const std::size_t at = function.find("m8::");
  if (at == function.npos) return {};
  function.remove_prefix(at + 4);
  const std::size_t end = function.find("::");
  const std::string_view room = function.substr(0, end == function.npos ? 0 : end);
  const bool word = std::all_of(room.begin(), room.end(),
                                [](char c) { return (c >= 'a' && c <= 'z') || c == '8'; });
  return word ? room : std::string_view();
}

/// Stacks as lines of text.
class Folder {
 public:
  explicit Folder(const std::string& program) : program_(program) {}

  /// \p interrupted: stacks of the signal handler, else of operator new.
  std::string fold(const std::map<std::vector<void*>, std::uint64_t>& stacks, bool interrupted) {
    std::map<std::string, std::uint64_t> lines;
    for (const auto& [stack, weight] : stacks) lines[line_of(stack, interrupted)] += weight;
    std::string out;
    for (const auto& [line, weight] : lines)
      fmt::format_to(std::back_inserter(out), "{} {}\n", line, weight);
    return out;
  }

 private:
  /// A return address may lie behind the end of its caller, if that call never returns.
  const std::string& name_of(void* address, bool returns) {
    std::string& name = names_[address];
    if (name.empty()) name = symbols_.name(static_cast<char*>(address) - (returns ? 1 : 0));
    return name;
  }

  /// The first frame that is not of the profile itself.
  std::size_t first_of(const std::vector<void*>& stack, bool interrupted) {
    if (interrupted) return std::min(kHandlerFrames, stack.size());
    for (std::size_t i = 0; i < stack.size(); ++i) {
      if (name_of(stack[i], true) == "operator_new") return i + 1;
    }
    return 0;
  }

  std::string line_of(const std::vector<void*>& stack, bool interrupted) {
    std::string functions, stage;
    const std::size_t first = first_of(stack, interrupted);
    for (std::size_t i = first; i < stack.size(); ++i) {
      const std::string& name = name_of(stack[i], i > first || !interrupted);
      if (stage.empty()) stage = room_of(name);
      functions = ";" + name + functions;
    }
    return program_ + ";" + (stage.empty() ? "other" : stage) + functions;
  }

  const std::string program_;
  const Symbols symbols_;
  std::unordered_map<void*, std::string> names_;
};

}  // namespace

CpuProfile::CpuProfile() : asked_for_(allocations()) {}

Result<std::unique_ptr<CpuProfile>> CpuProfile::start() {
  static Rings& rings = *new Rings;
  Rings* none = nullptr;
  if (!g_rings.compare_exchange_strong(none, &rings))
    return Error{ErrorCode::kExists, "a profile is being taken already"};
  struct sigaction action {};
  action.sa_handler = take_sample;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGPROF, &action, nullptr);
  std::unique_ptr<CpuProfile> made(new CpuProfile);
  made->collector_ = std::jthread([raw = made.get()](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    while (!never.wait_for(lock, stop, std::chrono::milliseconds(250), [] { return false; }) &&
           !stop.stop_requested())
      raw->collect();
  });
  made->counting_.emplace();
  sample_allocations(&rings.allocations);
  set_timer(kPerSecond);
  return made;
}

CpuProfile::~CpuProfile() {
  stop();
  g_rings.store(nullptr, std::memory_order_release);
}

void CpuProfile::stop() {
  if (std::exchange(stopped_, true)) return;
  set_timer(0);
  std::signal(SIGPROF, SIG_IGN);  // one may be on its way
  sample_allocations(nullptr);
  counting_.reset();
  const Allocations now = allocations();
  asked_for_ = {now.count - asked_for_.count, now.bytes - asked_for_.bytes};
  collector_.request_stop();
  collector_.join();
  collect();
}

void CpuProfile::collect() {
  Rings& rings = *g_rings.load();
  rings.times.drain([this](std::span<void* const> frames, std::uint64_t weight) {
    times_[Stack(frames.begin(), frames.end())] += weight;
    samples_ += weight;
  });
  rings.allocations.drain([this](std::span<void* const> frames, std::uint64_t weight) {
    allocated_[Stack(frames.begin(), frames.end())] += weight;
  });
}

std::uint64_t CpuProfile::lost() const {
  const Rings& rings = *g_rings.load();
  return rings.times.lost() + rings.allocations.lost();
}

std::string CpuProfile::folded(const std::string& program) {
  stop();
  return Folder(program).fold(times_, true);
}

std::string CpuProfile::folded_allocations(const std::string& program) {
  stop();
  return Folder(program).fold(allocated_, false);
}

}  // namespace m8::metrics
