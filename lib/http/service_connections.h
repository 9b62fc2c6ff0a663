/// ServiceConnections: which connections to services are open, and how many of a host's may idle.
///
/// libcurl bounds the connections of a host and the idle ones of all, but not the idle ones of a
/// host: so each answer asks here whether its connection may be kept. The client's thread only, but
/// for the counts.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/hash.h"

namespace m8::http {

class ServiceConnections {
 public:
  /// What a request does with its host's connections.
  enum class Use { kNone, kWaiting, kBusy, kKeeping };

  explicit ServiceConnections(std::size_t max_idle_per_host) : most_(max_idle_per_host) {}

  /// A socket to \p host (scheme://host:port).
  void opened(int fd, const std::string& host);
  void closed(int fd);
  /// A request of \p host goes from one use to the next.
  void change(std::string_view host, Use& use, Use next);
  /// Whether the connection of a busy request, whose answer has begun to come, may stay open after
  /// it: other requests share it, some other request waits for one, or the host has room for an
  /// idle one.
  bool may_keep(std::string_view host) const;
  /// The connection of a busy request will be closed after it.
  void leave(std::string_view host, Use& use);

  std::size_t open() const { return open_.load(std::memory_order_relaxed); }
  /// Requests that have a connection.
  std::size_t busy() const { return busy_; }

 private:
  struct Host {
    std::size_t open = 0, waiting = 0, busy = 0, keeping = 0, leaving = 0;
  };
  std::size_t* count_of(Host& host, Use use) const;
  void forget_unused(std::string_view host);

  const std::size_t most_;
  std::unordered_map<std::string, Host, SeededHash, std::equal_to<>> hosts_;
  std::unordered_map<int, std::string> sockets_;
  std::atomic<std::size_t> open_{0};
  std::size_t busy_ = 0;
};

}  // namespace m8::http
