/// Poller: epoll, an eventfd to wake it, and a timer heap: the loop under dns/ and http/.
///
/// Objects registered are passive: the loop calls them and they never block (after ninja's
/// subprocess set). One thread runs it; only wake() and post() may be called from others.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <sys/epoll.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace m8::net {

class Poller {
 public:
  /// What is called when a descriptor is ready. \p events are EPOLL... bits.
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void ready(std::uint32_t events) = 0;
  };

  /// kIo if the kernel refuses (descriptor limit).
  static Result<Poller> create();
  Poller(Poller&&) noexcept;
  ~Poller();

  /// Borrows \p handler until remove(). \p events: EPOLLIN, EPOLLOUT, EPOLLET...
  Status add(int fd, std::uint32_t events, Handler* handler);
  Status modify(int fd, std::uint32_t events, Handler* handler);
  void remove(int fd);

  /// Calls \p task once, on the loop's thread, at or after \p when (resolution 1 ms).
  /// Returns an id for cancel(); ids are never reused.
  std::uint64_t at(SteadyTime when, std::function<void()> task);
  void cancel(std::uint64_t timer);

  /// Runs \p task on the loop's thread at its next turn. Any thread. Never drops it while the
  /// Poller lives.
  void post(std::function<void()> task);
  void wake();

  /// Waits for at most \p timeout, then serves ready descriptors, due timers and posted tasks.
  /// Returns the number of things served.
  int poll(std::chrono::milliseconds timeout);
  /// poll()ed time, sampled once per turn: cheap to read from handlers.
  SteadyTime now() const;

 private:
  struct State;
  explicit Poller(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace m8::net
