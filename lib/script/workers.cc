#include "script/workers.h"

#include <utility>

namespace m8::script {

Workers::~Workers() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

void Workers::submit(Job job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  if (jobs_.size() > idle_ && threads_.size() < limit_) {
    threads_.emplace_back([this](std::stop_token stop) { work(std::move(stop)); });
  }
  more_.notify_one();
}

void Workers::work(std::stop_token stop) {
  Engine engine;
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    const bool found = more_.wait(lock, stop, [this] { return !jobs_.empty(); });
    --idle_;
    if (!found || stop.stop_requested()) return;
    Job job = std::exchange(jobs_.front(), nullptr);
    jobs_.pop_front();
    lock.unlock();
    job(engine);
    job = nullptr;  // what it holds goes before the lock is taken
    lock.lock();
  }
}

Workers& Workers::shared() {
  static Workers workers(16);
  return workers;
}

}  // namespace m8::script
