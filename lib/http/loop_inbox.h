/// LoopInbox: what other threads hand to a loop. Shared by the loop and by name lookups that may
/// answer after the loop has gone; closed by the loop before its poller goes.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "http/flight.h"
#include "net/poller.h"
#include "net/resolve.h"

namespace m8::http {

class LoopInbox {
 public:
  struct Task {
    std::function<void()> run;
    std::chrono::milliseconds delay{0};
  };
  struct Answer {
    std::string host;
    Result<net::HostLookup::Addresses> addresses;
  };
  struct Content {
    std::vector<std::unique_ptr<Flight>> flights;
    std::vector<Task> tasks;
    std::vector<Answer> answers;
    bool empty() const { return flights.empty() && tasks.empty() && answers.empty(); }
  };

  explicit LoopInbox(net::Poller& poller) : poller_(&poller) {}

  /// False, and \p flight is left alone, once closed.
  bool put(std::unique_ptr<Flight>& flight) {
    const std::lock_guard lock(mutex_);
    if (poller_ == nullptr) return false;
    content_.flights.push_back(std::move(flight));
    poller_->wake();
    return true;
  }
  void put(Task task) {
    const std::lock_guard lock(mutex_);
    if (poller_ == nullptr) return;
    content_.tasks.push_back(std::move(task));
    poller_->wake();
  }
  void put(Answer answer) {
    const std::lock_guard lock(mutex_);
    if (poller_ == nullptr) return;
    content_.answers.push_back(std::move(answer));
    poller_->wake();
  }
  /// Swaps what came into \p content, which must be empty.
  void take(Content& content) {
    const std::lock_guard lock(mutex_);
    std::swap(content, content_);
  }
  /// Nothing is taken in any more.
  void close() {
    const std::lock_guard lock(mutex_);
    poller_ = nullptr;
  }

 private:
  std::mutex mutex_;
  net::Poller* poller_;
  Content content_;
};

}  // namespace m8::http
