/// Counters of one loop: written by its thread alone, read by any.
#pragma once

#include <atomic>
#include <cstdint>

namespace m8::http {

class Counter {
 public:
  /// Only the owning thread: so no locked instruction is needed.
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// The fields of SessionStats.
struct Counters {
  Counter requests, responses, errors, connections, reused, bytes_in, bytes_out, refused_by_scope;
  Counter retries, proxy_connects, proxy_errors;
  Counter timeouts_dial, timeouts_tls, timeouts_header, timeouts_body;
};

}  // namespace m8::http
