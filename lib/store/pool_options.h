/// PoolOptions: how many connections to a database server, and for how long.
#pragma once

#include <chrono>
#include <cstddef>

namespace m8::store {

/// Keep max_open below the server's max_connections divided by the programs that share it.
struct PoolOptions {
  int max_open = 25;                                  ///< connections at most
  int max_idle = 25;                                  ///< kept while nobody uses them
  std::chrono::milliseconds max_lifetime{300'000};    ///< replaced when older; 0: never
  std::chrono::milliseconds max_idle_time{120'000};   ///< closed when idle for longer; 0: never
  std::chrono::milliseconds ping_timeout{5'000};      ///< for connecting, and the first answer
  std::chrono::milliseconds wait_timeout{10'000};     ///< for a connection, when all are in use
  std::chrono::milliseconds answer_timeout{120'000};  ///< for the answer to any one statement
  std::size_t max_waiting = 1'000;  ///< callers that may wait at once; more are turned away
};

}  // namespace m8::store
