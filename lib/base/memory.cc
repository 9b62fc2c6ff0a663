#include "base/memory.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include "base/fd.h"

namespace m8 {
namespace {

/// Above this share of the limit room is short, above that the run ends.
constexpr std::uint64_t kTightPercent = 80, kEndPercent = 97;
/// Samples between two trims: walking the heap costs milliseconds.
constexpr int kTrimEvery = 8;
/// There is always room for so much, or a small limit would let nothing through.
constexpr std::uint64_t kLeastRoom = 1u << 20;
/// Blocks this large come from the kernel and go back to it at once.
constexpr int kMapFrom = 128 << 10, kTrimFrom = 1 << 20, kArenas = 2;

std::uint64_t percent_of(std::uint64_t whole, std::uint64_t percent) {
  return whole / 100 * percent;
}

}  // namespace

std::uint64_t resident_bytes() {
  static const Fd statm(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  char text[128];
  const ssize_t size = ::pread(statm.get(), text, sizeof text, 0);
  if (size <= 0) return 0;
  const std::string_view line(text, static_cast<std::size_t>(size));
  const auto begin = std::min(line.find(' ') + 1, line.size());
  std::uint64_t pages = 0;
  (void)std::from_chars(line.data() + begin, line.data() + line.size(), pages);
  return pages * page;
}

MemoryGovernor::MemoryGovernor(std::uint64_t limit) : limit_(limit) {
  if (!limited()) return;
  // Left to itself the allocator keeps what once was large, and an arena for each thread.
  (void)::mallopt(M_MMAP_THRESHOLD, kMapFrom);
  (void)::mallopt(M_TRIM_THRESHOLD, kTrimFrom);
  (void)::mallopt(M_ARENA_MAX, kArenas);
  (void)watch();
}

bool MemoryGovernor::watch() {
  if (!limited()) return false;
  const std::uint64_t ceiling = percent_of(limit_, kTightPercent);
  std::uint64_t resident = resident_bytes();
  if (calm_ > 0) --calm_;
  if (resident > ceiling && calm_ == 0) {
    ::malloc_trim(0);
    trims_.fetch_add(1, std::memory_order_relaxed);
    calm_ = kTrimEvery;
    resident = resident_bytes();
  }
  const std::lock_guard lock(mutex_);
  // A lease stands for what may not have come yet, and for copies of what has: taken at its face
  // value the error is a part of the room there is, either way.
  const std::uint64_t leased = leased_.load(std::memory_order_relaxed);
  const std::uint64_t base = resident - std::min(resident, leased);
  const std::uint64_t left = ceiling - std::min(ceiling, base);
  const std::uint64_t room = std::max(left / kCopies / 2, kLeastRoom);
  room_.store(room, std::memory_order_relaxed);
  set_tight(resident > ceiling || leased >= room);
  return resident > percent_of(limit_, kEndPercent);
}

bool MemoryGovernor::raise(Lease& lease, std::uint64_t bytes) {
  if (!limited() || bytes <= lease.bytes_) return true;
  const std::lock_guard lock(mutex_);
  const std::uint64_t more = bytes - lease.bytes_;
  const std::uint64_t leased = leased_.load(std::memory_order_relaxed);
  const bool fits = leased + more <= room_.load(std::memory_order_relaxed);
  if (!fits && !lease.privileged_) {
    if (privilege_taken_) {
      set_tight(true);
      return false;
    }
    privilege_taken_ = lease.privileged_ = true;
  }
  lease.governor_ = this;
  lease.bytes_ = bytes;
  leased_.store(leased + more, std::memory_order_relaxed);
  return true;
}

void MemoryGovernor::give_back(Lease& lease) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t left = leased_.load(std::memory_order_relaxed) - lease.bytes_;
  leased_.store(left, std::memory_order_relaxed);
  if (lease.privileged_) privilege_taken_ = false;
  if (left < room_.load(std::memory_order_relaxed) &&
      resident_bytes() <= percent_of(limit_, kTightPercent))
    set_tight(false);
}

void MemoryGovernor::set_tight(bool tight) {
  if (!tight_.exchange(tight, std::memory_order_relaxed) && tight)
    shortages_.fetch_add(1, std::memory_order_relaxed);
}

MemoryGovernor::Lease::Lease(Lease&& other) noexcept
    : governor_(std::exchange(other.governor_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      privileged_(std::exchange(other.privileged_, false)) {}

MemoryGovernor::Lease& MemoryGovernor::Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  release();
  governor_ = std::exchange(other.governor_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  privileged_ = std::exchange(other.privileged_, false);
  return *this;
}

void MemoryGovernor::Lease::release() {
  if (governor_ == nullptr) return;
  std::exchange(governor_, nullptr)->give_back(*this);
  bytes_ = 0;
  privileged_ = false;
}

}  // namespace m8
