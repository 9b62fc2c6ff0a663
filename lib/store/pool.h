/// Pool: connections to a database server, made when needed, lent out, and replaced.
///
/// Thread-safe. There is no thread behind it: what is too old or idle for too long is closed when
/// somebody takes or returns a connection, or calls tend().
#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/pool_options.h"
#include "store/store.h"

namespace m8::store {

/// What a pool holds. Used by one thread at a time.
class PooledConnection {
 public:
  virtual ~PooledConnection() = default;
  /// False if it must not be lent again: it broke, or a transaction was left open.
  virtual bool usable() const = 0;
  /// False if its server is gone. Quick: asks the socket, not the server.
  virtual bool alive() = 0;
};

/// Makes connections. Thread-safe.
class Connector {
 public:
  virtual ~Connector() = default;
  /// A connection whose server has answered.
  virtual Result<std::unique_ptr<PooledConnection>> connect() = 0;
};

class Pool {
  struct Entry {
    std::unique_ptr<PooledConnection> connection;
    SteadyTime made{}, returned{};
    std::thread::id user;  ///< who returned it
  };

 public:
  /// A connection on loan; goes back when the guard goes. Must not outlive the pool.
  class Lease {
   public:
    Lease(Pool& pool, Entry entry) : pool_(&pool), entry_(std::move(entry)) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (entry_.connection) pool_->put_back(std::move(entry_));
    }
    PooledConnection& operator*() const { return *entry_.connection; }

   private:
    Pool* pool_;
    Entry entry_;  ///< without a connection: moved from
  };

  /// Makes no connection yet. Borrows \p clock.
  Pool(std::unique_ptr<Connector> connector, const PoolOptions& options,
       Clock& clock = SystemClock::instance());
  ~Pool();

  /// An idle connection (if it can be, that which this thread had before), a new one, or, when all
  /// are in use, the next that comes back: first come, first served. kExhausted when none comes
  /// within wait_timeout or max_waiting others wait; errors of Connector::connect().
  Result<Lease> acquire();
  /// Closes what has been idle for too long or is too old: for times when nobody takes or returns.
  void tend();
  PoolStats stats() const;

 private:
  struct Waiter {
    std::condition_variable ready;
    Entry entry;           ///< what it was given:
    bool granted = false;  ///< a connection, or without one the right to make one
  };

  Entry take_idle();
  Result<Lease> connect();
  Result<Lease> wait(std::unique_lock<std::mutex>& lock);
  void put_back(Entry entry);
  SteadyTime expiry(const Entry& entry) const;
  void free_slot();
  void prune(SteadyTime now, std::vector<Entry>& dropped);

  const std::unique_ptr<Connector> connector_;
  const PoolOptions options_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<Entry> idle_;                     ///< the last returned at the end
  SteadyTime next_expiry_ = SteadyTime::max();  ///< no idle one is too old before
  std::list<Waiter*> waiters_;
  PoolStats stats_;  ///< open counts those that are being made; idle and in_use are not kept here
};

}  // namespace m8::store
