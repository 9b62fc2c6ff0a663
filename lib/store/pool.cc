#include "store/pool.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <fmt/format.h>

namespace m8::store {

Pool::Pool(std::unique_ptr<Connector> connector, const PoolOptions& options, Clock& clock)
    : connector_(std::move(connector)), options_(options), clock_(clock) {}

Pool::~Pool() { assert(stats().in_use == 0); }

Result<Pool::Lease> Pool::acquire() {
  const auto now = clock_.now();
  std::vector<Entry> dropped;  // closed after the lock is gone
  std::unique_lock lock(mutex_);
  prune(now, dropped);
  while (!idle_.empty()) {
    Entry entry = take_idle();
    lock.unlock();  // a system call: others need not wait for it
    if (entry.connection->alive()) return Lease(*this, std::move(entry));
    dropped.push_back(std::move(entry));
    lock.lock();
    ++stats_.broken;
    free_slot();
  }
  if (stats_.open >= options_.max_open) return wait(lock);
  stats_.most_open = std::max(stats_.most_open, ++stats_.open);
  lock.unlock();
  return connect();
}

/// The one that this thread used last, else the last returned: a thread, its socket and the
/// server's process stay together on a core, which is a tenth of a short query.
Pool::Entry Pool::take_idle() {
  const auto user = std::this_thread::get_id();
  auto chosen = std::find_if(idle_.rbegin(), idle_.rend(),
                             [user](const Entry& entry) { return entry.user == user; });
  if (chosen == idle_.rend()) chosen = idle_.rbegin();
  Entry entry = std::move(*chosen);
  idle_.erase(std::next(chosen).base());
  return entry;
}

/// For who holds the right to make a connection (it is counted as open).
Result<Pool::Lease> Pool::connect() {
  auto made = connector_->connect();
  std::lock_guard lock(mutex_);
  if (!made.ok()) {
    free_slot();
    return made.error();
  }
  ++stats_.opened;
  return Lease(*this, Entry{std::move(made).value(), clock_.now(), {}, {}});
}

Result<Pool::Lease> Pool::wait(std::unique_lock<std::mutex>& lock) {
  if (waiters_.size() >= options_.max_waiting) {
    ++stats_.refused;
    return Error{ErrorCode::kExhausted,
                 fmt::format("all {} connections are in use and {} callers wait", options_.max_open,
                             waiters_.size())};
  }
  Waiter self;
  const auto place = waiters_.insert(waiters_.end(), &self);
  ++stats_.waits;
  const auto began = clock_.now();
  self.ready.wait_for(lock, options_.wait_timeout, [&self] { return self.granted; });
  stats_.wait_time += clock_.now() - began;
  if (!self.granted) {
    waiters_.erase(place);
    ++stats_.timeouts;
    return Error{ErrorCode::kExhausted,
                 fmt::format("no connection came free within {} ms: all {} are in use",
                             options_.wait_timeout.count(), options_.max_open)};
  }
  if (self.entry.connection) return Lease(*this, std::move(self.entry));
  lock.unlock();
  return connect();
}

void Pool::put_back(Entry entry) {
  const bool usable = entry.connection->usable();
  const auto now = entry.returned = clock_.now();
  entry.user = std::this_thread::get_id();
  std::vector<Entry> dropped;  // closed after the lock is gone
  std::lock_guard lock(mutex_);
  const bool aged = expiry(entry) <= now;
  if (!usable || aged) {
    ++(usable ? stats_.expired : stats_.broken);
    dropped.push_back(std::move(entry));
    free_slot();
  } else if (!waiters_.empty()) {
    Waiter& first = *waiters_.front();
    waiters_.pop_front();
    first.entry = std::move(entry);
    first.granted = true;
    first.ready.notify_one();
  } else if (static_cast<int>(idle_.size()) >= options_.max_idle) {
    --stats_.open;
    dropped.push_back(std::move(entry));
  } else {
    next_expiry_ = std::min(next_expiry_, expiry(entry));
    idle_.push_back(std::move(entry));
  }
  prune(now, dropped);
}

SteadyTime Pool::expiry(const Entry& entry) const {
  const auto after = [](SteadyTime start, std::chrono::milliseconds limit) {
    return limit.count() > 0 ? start + limit : SteadyTime::max();
  };
  return std::min(after(entry.made, options_.max_lifetime),
                  after(entry.returned, options_.max_idle_time));
}

/// One connection less: the first who waits may make another.
void Pool::free_slot() {
  if (waiters_.empty()) {
    --stats_.open;
    return;
  }
  Waiter& first = *waiters_.front();
  waiters_.pop_front();
  first.granted = true;
  first.ready.notify_one();
}

/// Takes the idle connections out that are too old at \p now; quick when none can be.
void Pool::prune(SteadyTime now, std::vector<Entry>& dropped) {
  if (now < next_expiry_) return;
  const auto old = std::stable_partition(idle_.begin(), idle_.end(),
                                         [&](const Entry& entry) { return expiry(entry) > now; });
  const auto count = static_cast<std::size_t>(idle_.end() - old);
  stats_.expired += count;
  stats_.open -= static_cast<int>(count);
  std::move(old, idle_.end(), std::back_inserter(dropped));
  idle_.erase(old, idle_.end());
  next_expiry_ = SteadyTime::max();
  for (const Entry& entry : idle_) next_expiry_ = std::min(next_expiry_, expiry(entry));
}

void Pool::tend() {
  std::vector<Entry> dropped;  // closed after the lock is gone
  std::lock_guard lock(mutex_);
  prune(clock_.now(), dropped);
}

PoolStats Pool::stats() const {
  std::lock_guard lock(mutex_);
  PoolStats stats = stats_;
  stats.idle = static_cast<int>(idle_.size());
  stats.in_use = stats.open - stats.idle;
  return stats;
}

}  // namespace m8::store
