/// Guarded<T>: data that can only be reached through its lock.
///
///     Guarded<std::map<std::string, int>> counts;
///     counts.lock()->emplace("a", 1);       // locked for this statement
///     auto held = counts.lock();            // locked until `held` goes
#pragma once

#include <mutex>
#include <utility>

namespace m8 {

template <typename T>
class Guarded {
 public:
  /// Access for as long as the handle lives. Not copyable; don't keep references past it.
  template <typename U>
  class Handle {
   public:
    Handle(std::mutex& mutex, U& value) : lock_(mutex), value_(value) {}
    U* operator->() { return &value_; }
    U& operator*() { return value_; }
    /// For std::condition_variable.
    std::unique_lock<std::mutex>& unique_lock() { return lock_; }

   private:
    std::unique_lock<std::mutex> lock_;
    U& value_;
  };

  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  Handle<T> lock() { return Handle<T>(mutex_, value_); }
  Handle<const T> lock() const { return Handle<const T>(mutex_, value_); }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace m8
