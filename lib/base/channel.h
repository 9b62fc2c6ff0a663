/// Channel<T>: a bounded queue between threads; any number of producers and consumers.
///
/// A full channel makes the producer wait (back-pressure), an empty one the consumer. close() ends
/// both: producers get false, consumers drain what is left and then get nothing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace m8 {

template <typename T>
class Channel {
 public:
  /// \p capacity in items, at least 1.
  explicit Channel(std::size_t capacity) : capacity_(capacity < 1 ? 1 : capacity) {}

  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Waits for room. False (and \p value is dropped) if closed or stopped.
  bool push(T value, std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, stop, [&] { return closed_ || items_.size() < capacity_; });
    if (closed_ || items_.size() >= capacity_) return false;
    items_.push_back(std::move(value));
    lock.unlock();
    filled_.notify_one();
    return true;
  }

  /// Never waits. False if full or closed; \p value is left untouched then.
  bool try_push(T& value) {
    std::unique_lock lock(mutex_);
    if (closed_ || items_.size() >= capacity_) return false;
    items_.push_back(std::move(value));
    lock.unlock();
    filled_.notify_one();
    return true;
  }

  /// Waits for an item. Empty once closed and drained, or stopped.
  std::optional<T> pop(std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, stop, [&] { return closed_ || !items_.empty(); });
    return take(lock);
  }

  /// Like pop(), and empty when \p timeout passes without an item.
  std::optional<T> pop_for(std::chrono::milliseconds timeout, std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    filled_.wait_for(lock, stop, timeout, [&] { return closed_ || !items_.empty(); });
    return take(lock);
  }

  /// Takes up to \p max items without waiting; empty when there are none.
  std::vector<T> drain(std::size_t max) {
    std::vector<T> taken;
    std::unique_lock lock(mutex_);
    while (!items_.empty() && taken.size() < max) {
      taken.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    lock.unlock();
    room_.notify_all();
    return taken;
  }

  /// No more pushes. Idempotent.
  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    room_.notify_all();
    filled_.notify_all();
  }

  bool closed() const {
    std::lock_guard lock(mutex_);
    return closed_;
  }
  std::size_t size() const {
    std::lock_guard lock(mutex_);
    return items_.size();
  }
  std::size_t capacity() const { return capacity_; }

 private:
  std::optional<T> take(std::unique_lock<std::mutex>& lock) {
    if (items_.empty()) return std::nullopt;
    std::optional<T> value(std::move(items_.front()));
    items_.pop_front();
    lock.unlock();
    room_.notify_one();
    return value;
  }

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable_any room_;
  std::condition_variable_any filled_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace m8
