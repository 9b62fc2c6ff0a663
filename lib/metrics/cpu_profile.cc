#include "metrics/cpu_profile.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <unordered_map>

#include <execinfo.h>
#include <fmt/format.h>
#include <sys/time.h>

#include "metrics/symbols.h"

namespace m8::metrics {
namespace {

constexpr int kDepth = 64;
constexpr std::size_t kSlots = 4096;  ///< for half a second of 80 cores
/// The handler itself, and what the kernel calls it through.
constexpr int kOwnFrames = 2;

struct Slot {
  std::atomic<int> depth{0};  ///< 0: empty
  std::array<void*, kDepth> frames;
};

/// Filled by signal handlers, emptied by the collector.
struct Ring {
  std::array<Slot, kSlots> slots;
  std::atomic<std::uint64_t> next{0}, lost{0};
};

std::atomic<Ring*> g_ring{nullptr};

/// Only what a signal handler may do: backtrace() was called before, so it loads nothing.
void take_sample(int) {
  const int saved = errno;
  if (Ring* ring = g_ring.load(std::memory_order_acquire)) {
    Slot& slot = ring->slots[ring->next.fetch_add(1, std::memory_order_relaxed) % kSlots];
    int empty = 0;
    if (slot.depth.compare_exchange_strong(empty, -1, std::memory_order_acquire)) {
      const int depth = ::backtrace(slot.frames.data(), kDepth);
      slot.depth.store(std::max(depth, 0), std::memory_order_release);
    } else {
      ring->lost.fetch_add(1, std::memory_order_relaxed);
    }
  }
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

}  // namespace

Result<std::unique_ptr<CpuProfile>> CpuProfile::start() {
  static Ring& ring = *new Ring;  // a late signal may still look at it
  Ring* none = nullptr;
  if (!g_ring.compare_exchange_strong(none, &ring))
    return Error{ErrorCode::kExists, "a profile is being taken already"};
  void* warm[2];
  (void)::backtrace(warm, 2);  // loads the unwinder
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
  set_timer(kPerSecond);
  return made;
}

CpuProfile::~CpuProfile() {
  stop();
  g_ring.store(nullptr, std::memory_order_release);
}

void CpuProfile::stop() {
  if (std::exchange(stopped_, true)) return;
  set_timer(0);
  std::signal(SIGPROF, SIG_IGN);  // one may be on its way
  collector_.request_stop();
  collector_.join();
  collect();
}

void CpuProfile::collect() {
  for (Slot& slot : g_ring.load()->slots) {
    const int depth = slot.depth.load(std::memory_order_acquire);
    if (depth <= 0) continue;
    const int skip = std::min(depth, kOwnFrames);
    ++stacks_[Stack(slot.frames.begin() + skip, slot.frames.begin() + depth)];
    ++samples_;
    slot.depth.store(0, std::memory_order_release);
  }
}

std::uint64_t CpuProfile::lost() const { return g_ring.load()->lost; }

std::string CpuProfile::folded(const std::string& program) {
  stop();
  const Symbols symbols;
  std::unordered_map<void*, std::string> names;
  std::map<std::string, std::uint64_t> lines;
  for (const auto& [stack, count] : stacks_) {
    std::string functions, stage;
    for (std::size_t i = 0; i < stack.size(); ++i) {
      std::string& name = names[stack[i]];
      // A return address may lie behind the end of its caller, if that call never returns.
      if (name.empty()) name = symbols.name(static_cast<char*>(stack[i]) - (i == 0 ? 0 : 1));
      if (stage.empty()) stage = room_of(name);
      functions = ";" + name + functions;
    }
    if (stage.empty()) stage = "other";
    lines[program + ";" + stage + functions] += count;
  }
  std::string out;
  for (const auto& [line, count] : lines)
    fmt::format_to(std::back_inserter(out), "{} {}\n", line, count);
  return out;
}

}  // namespace m8::metrics
