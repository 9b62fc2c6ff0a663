#include "net/poller.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <utility>
#include <vector>

#include <sys/eventfd.h>

#include "base/file.h"
#include "base/guarded.h"

namespace m8::net {
namespace {

constexpr int kBatch = 512;
constexpr std::size_t kCompactAbove = 64;

std::uint64_t pack(std::uint32_t low, std::uint32_t generation) {
  return std::uint64_t{generation} << 32 | low;
}

/// Timers by due time. Cancelling frees the task at once and leaves its heap entry to be skipped;
/// when most entries are such, the heap is rebuilt without them.
class TimerHeap {
 public:
  std::uint64_t add(SteadyTime when, std::function<void()> task) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    slots_[index].task = std::move(task);
    const std::uint64_t id = pack(index, slots_[index].generation);
    heap_.push_back({when, id});
    std::push_heap(heap_.begin(), heap_.end(), later);
    return id;
  }

  void cancel(std::uint64_t id) {
    if (!live(id)) return;
    release(id);
    if (++stale_ > kCompactAbove && stale_ > heap_.size() / 2) compact();
  }

  /// Time of the next live timer; max() if there is none.
  SteadyTime next() {
    while (!heap_.empty() && !live(heap_.front().id)) {
      pop();
      --stale_;
    }
    return heap_.empty() ? SteadyTime::max() : heap_.front().when;
  }

  /// Runs what is due at \p now. What the tasks add waits for the next turn.
  int run(SteadyTime now) {
    due_.clear();
    while (next() <= now) {
      due_.push_back(heap_.front().id);
      pop();
    }
    int served = 0;
    for (std::size_t i = 0; i < due_.size(); ++i) {
      if (!live(due_[i])) {  // cancelled by a task before it, and no longer in the heap
        --stale_;
        continue;
      }
      const auto task = release(due_[i]);
      task();
      ++served;
    }
    return served;
  }

 private:
  struct Slot {
    std::function<void()> task;
    std::uint32_t generation = 1;
  };
  struct Entry {
    SteadyTime when;
    std::uint64_t id;
  };
  static bool later(const Entry& a, const Entry& b) { return a.when > b.when; }

  static std::uint32_t index_of(std::uint64_t id) { return static_cast<std::uint32_t>(id); }
  bool live(std::uint64_t id) const {
    const std::uint32_t index = index_of(id);
    return index < slots_.size() && slots_[index].generation == id >> 32;
  }
  std::function<void()> release(std::uint64_t id) {
    Slot& slot = slots_[index_of(id)];
    ++slot.generation;
    free_.push_back(index_of(id));
    return std::exchange(slot.task, nullptr);
  }
  void pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    heap_.pop_back();
  }
  void compact() {
    const auto dead = [this](const Entry& entry) { return !live(entry.id); };
    stale_ -= std::erase_if(heap_, dead);
    std::make_heap(heap_.begin(), heap_.end(), later);
  }

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<Entry> heap_;
  std::vector<std::uint64_t> due_;
  std::size_t stale_ = 0;  ///< cancelled entries still in heap_ or due_
};

}  // namespace

struct Poller::State {
  /// One per descriptor number. The generation tells an event of a removed registration from one of
  /// its successor with the same number.
  struct Registration {
    Handler* handler = nullptr;
    std::uint32_t generation = 0;
  };

  Fd epoll, event;
  std::vector<Registration> registrations;
  TimerHeap timers;
  std::array<epoll_event, kBatch> events;
  SteadyTime now{};
  Guarded<std::vector<std::function<void()>>> posted;
  std::vector<std::function<void()>> running;
  std::atomic<bool> woken{false};

  Status control(int operation, int fd, std::uint32_t interest, Handler* handler);
  void drain_wake();
  int wait_for(std::chrono::milliseconds timeout);
  int dispatch(int count);
  int run_posted();
};

Status Poller::State::control(int operation, int fd, std::uint32_t interest, Handler* handler) {
  if (fd < 0) return Error{ErrorCode::kInvalidArgument, "poll: no descriptor"};
  const auto index = static_cast<std::size_t>(fd);
  if (index >= registrations.size()) registrations.resize(std::max(index + 1, index * 2));
  Registration& registration = registrations[index];
  const Registration before = registration;
  if (operation == EPOLL_CTL_ADD) ++registration.generation;
  registration.handler = handler;
  epoll_event request{};
  request.events = interest;
  request.data.u64 = pack(static_cast<std::uint32_t>(fd), registration.generation);
  if (::epoll_ctl(epoll.get(), operation, fd, &request) != 0) {
    registration = before;
    return errno_error("poll", errno);
  }
  return {};
}

void Poller::State::drain_wake() {
  std::uint64_t count;
  (void)!::read(event.get(), &count, sizeof count);
  // Cleared before the posted tasks are taken: a post() in between wakes once more.
  woken.store(false);
}

int Poller::State::wait_for(std::chrono::milliseconds timeout) {
  using std::chrono::milliseconds;
  const SteadyTime next = timers.next();
  if (next != SteadyTime::max()) {
    const auto left = std::chrono::ceil<milliseconds>(next - SystemClock::instance().now());
    timeout = std::clamp(left, milliseconds(0), timeout);
  }
  const auto bounded = std::clamp<std::int64_t>(timeout.count(), 0, 1'000'000'000);
  const int count = ::epoll_wait(epoll.get(), events.data(), kBatch, static_cast<int>(bounded));
  now = SystemClock::instance().now();
  return std::max(count, 0);  // EINTR: the caller sees its signal and polls again
}

int Poller::State::dispatch(int count) {
  int served = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event& ready = events[static_cast<std::size_t>(i)];
    const auto fd = static_cast<std::uint32_t>(ready.data.u64);
    if (static_cast<int>(fd) == event.get()) {
      drain_wake();
      continue;
    }
    const Registration registration = registrations[fd];
    if (!registration.handler || registration.generation != ready.data.u64 >> 32) continue;
    registration.handler->ready(ready.events);
    ++served;
  }
  return served;
}

int Poller::State::run_posted() {
  running.clear();
  posted.lock()->swap(running);
  for (auto& task : running) task();
  return static_cast<int>(running.size());
}

Poller::Poller(std::unique_ptr<State> state) : state_(std::move(state)) {}
Poller::Poller(Poller&&) noexcept = default;
Poller::~Poller() = default;

Result<Poller> Poller::create() {
  auto state = std::make_unique<State>();
  state->epoll.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!state->epoll) return errno_error("poll", errno);
  state->event.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!state->event) return errno_error("poll", errno);
  epoll_event request{};
  request.events = EPOLLIN;
  request.data.u64 = static_cast<std::uint32_t>(state->event.get());
  if (::epoll_ctl(state->epoll.get(), EPOLL_CTL_ADD, state->event.get(), &request) != 0) {
    return errno_error("poll", errno);
  }
  state->now = SystemClock::instance().now();
  return Poller(std::move(state));
}

Status Poller::add(int fd, std::uint32_t events, Handler* handler) {
  return state_->control(EPOLL_CTL_ADD, fd, events, handler);
}

Status Poller::modify(int fd, std::uint32_t events, Handler* handler) {
  return state_->control(EPOLL_CTL_MOD, fd, events, handler);
}

void Poller::remove(int fd) {
  const auto index = static_cast<std::size_t>(fd);
  if (fd < 0 || index >= state_->registrations.size()) return;
  State::Registration& registration = state_->registrations[index];
  if (!registration.handler) return;
  registration.handler = nullptr;
  ++registration.generation;
  // Fails only if the descriptor was closed already, and then the kernel has forgotten it.
  (void)::epoll_ctl(state_->epoll.get(), EPOLL_CTL_DEL, fd, nullptr);
}

std::uint64_t Poller::at(SteadyTime when, std::function<void()> task) {
  return state_->timers.add(when, std::move(task));
}

void Poller::cancel(std::uint64_t timer) { state_->timers.cancel(timer); }

void Poller::post(std::function<void()> task) {
  state_->posted.lock()->push_back(std::move(task));
  wake();
}

void Poller::wake() {
  if (state_->woken.exchange(true)) return;
  const std::uint64_t one = 1;
  (void)!::write(state_->event.get(), &one, sizeof one);
}

int Poller::poll(std::chrono::milliseconds timeout) {
  int served = state_->dispatch(state_->wait_for(timeout));
  served += state_->timers.run(state_->now);
  return served + state_->run_posted();
}

SteadyTime Poller::now() const { return state_->now; }

}  // namespace m8::net
