/// ConnectionPool: all connections of one loop, and which of them wait for the next request.
///
/// It owns every connection from add() to retire(). The most recently used idle connection of a key
/// goes first; above a bound the longest idle one of all is closed. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "http/connection.h"

namespace m8::http {

/// The connections of one key.
struct PoolEntry {
  std::vector<Connection*> idle;  ///< most recently used last
  std::size_t connections = 0;    ///< idle or busy; the entry goes with the last one
  Duration answer_time{};         ///< about what an answer takes, without what we take
  std::uint64_t answers = 0;      ///< on connections that may be used again
  const std::string* key = nullptr;
};

class ConnectionPool {
 public:
  struct Options {
    std::size_t max_idle_per_key = 32;
    std::size_t max_idle = 4096;
    std::chrono::seconds idle_timeout{90};
  };
  explicit ConnectionPool(Options options) : options_(options) {}
  ~ConnectionPool() { close_all(); }
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  /// An idle connection for \p key, no longer idle; null if there is none.
  Connection* take(std::string_view key);
  /// The connections for \p key; null if there are none.
  const PoolEntry* find(std::string_view key) const;
  /// Takes over a new connection.
  Connection& add(std::unique_ptr<Connection> connection, std::string_view key);
  /// Keeps \p connection for the next request, or retires it (or an older one) at the bounds.
  void give(Connection& connection, SteadyTime now);
  /// Closes \p connection. It is destroyed by bury().
  void retire(Connection& connection);
  /// Retires the longest idle connection of all. False if none is idle.
  bool retire_oldest();
  /// Retires what has been idle for too long.
  void expire(SteadyTime now);
  /// Destroys what was retired. Not from within a call of one of the connections.
  void bury() { retired_.clear(); }
  void close_all();

  std::size_t size() const { return connections_.size(); }
  std::size_t idle() const { return idle_; }

 private:
  void link_idle(Connection& connection);
  void unlink_idle(Connection& connection);

  const Options options_;
  std::unordered_map<std::string, PoolEntry, SeededHash, std::equal_to<>> entries_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> retired_;
  Connection* oldest_ = nullptr;  ///< list of idle connections by the time they became so
  Connection* youngest_ = nullptr;
  std::size_t idle_ = 0;
};

}  // namespace m8::http
