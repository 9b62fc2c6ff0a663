/// RedisServer: a Redis of our own, in a folder, on a free loopback port and a unix socket. It
/// keeps nothing on disk.
#pragma once

#include <cstdint>
#include <string>

#include "base/subprocess.h"

namespace m8::bench {

class RedisServer {
 public:
  /// Starts it and waits until it listens. \p port 0: a free one. \p more: arguments as in
  /// redis.conf. \p program: "redis-server" is looked for in PATH. kNotFound, kTimeout, kInternal.
  static Result<RedisServer> start(const std::string& folder, Clock& clock, std::uint16_t port = 0,
                                   const std::vector<std::string>& more = {},
                                   const std::string& program = "redis-server");
  RedisServer(RedisServer&&) = default;
  RedisServer& operator=(RedisServer&&) = default;
  ~RedisServer();

  std::string url() const;
  std::string socket_url() const { return "unix:" + folder_ + "/redis.sock"; }
  std::uint16_t port() const { return port_; }
  /// Sends it a signal: SIGSTOP, SIGCONT.
  void signal(int number) const;
  /// Killed, not asked. Idempotent.
  void kill();

 private:
  RedisServer(Child child, std::string folder, std::uint16_t port)
      : child_(std::move(child)), folder_(std::move(folder)), port_(port) {}
  Child child_;
  std::string folder_;
  std::uint16_t port_;
};

}  // namespace m8::bench
