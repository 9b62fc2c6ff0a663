/// Memory: what this process holds, and a governor that keeps it below a limit.
///
/// The promise is kept by asking first: whoever is about to receive much takes a Lease for it, and
/// waits while there is no room. What no lease foresaw is seen in the resident size, which the
/// owner of the governor samples with watch(). Everything here is thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

namespace m8 {

/// Bytes of this process that are in memory now (/proc/self/statm); 0 if the kernel does not tell.
/// About a microsecond.
std::uint64_t resident_bytes();

class MemoryGovernor {
 public:
  /// What a lease of so many bytes may cost: buffers grow by doubling, and what was received is
  /// copied for decoding and matching.
  static constexpr std::uint64_t kCopies = 3;

  /// \p limit in bytes of resident size; 0 is none: then everything is granted, at no cost.
  explicit MemoryGovernor(std::uint64_t limit = 0);
  MemoryGovernor(const MemoryGovernor&) = delete;
  MemoryGovernor& operator=(const MemoryGovernor&) = delete;

  /// Bytes granted for something that is being received. Gives them back when it goes.
  class Lease {
   public:
    Lease() = default;
    ~Lease() { release(); }
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    std::uint64_t bytes() const { return bytes_; }
    void release();

   private:
    friend class MemoryGovernor;
    MemoryGovernor* governor_ = nullptr;
    std::uint64_t bytes_ = 0;
    bool privileged_ = false;
  };

  bool limited() const { return limit_ != 0; }
  std::uint64_t limit() const { return limit_; }
  /// Raises \p lease to \p bytes. False: no room now, ask again when a lease was given back. One
  /// holder at a time is let past the room there is, so that those who wait for each other end.
  bool raise(Lease& lease, std::uint64_t bytes);
  /// Room for leases is short: begin nothing new while something is under way.
  bool tight() const { return limited() && tight_.load(std::memory_order_relaxed); }
  /// Bytes that leases may hold together, from what else is resident.
  std::uint64_t room() const { return room_.load(std::memory_order_relaxed); }

  /// Looks at the resident size: sets tight(), gives free memory back to the kernel when that is
  /// due. True if the limit can't be kept any more: end now. To be called every few milliseconds by
  /// one thread.
  bool watch();
  std::uint64_t leased() const { return leased_.load(std::memory_order_relaxed); }
  /// How often room became short, and less was begun.
  std::uint64_t shortages() const { return shortages_.load(std::memory_order_relaxed); }
  /// How often free memory was given back to the kernel.
  std::uint64_t trims() const { return trims_.load(std::memory_order_relaxed); }

 private:
  void give_back(Lease& lease);
  void set_tight(bool tight);

  const std::uint64_t limit_;
  std::mutex mutex_;
  bool privilege_taken_ = false;
  int calm_ = 0;  ///< samples until the next trim
  std::atomic<std::uint64_t> leased_{0}, room_{0}, trims_{0}, shortages_{0};
  std::atomic<bool> tight_{false};
};

}  // namespace m8
