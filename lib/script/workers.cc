#include "script/workers.h"

#include <utility>

namespace m8::script {

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;  // no thread is added any more
  }
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

void Workers::submit(Job job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back({std::move(job), std::chrono::steady_clock::now()});
  if (threads_.empty()) add_thread();
  more_.notify_one();
  late_.notify_one();
}

void Workers::add_thread() {
  threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

void Workers::work(const std::stop_token& stop) {
  Engine engine;
  Lock lock(mutex_);
  if (!wait_for_late_job(lock, stop)) return;
  ++engines_;
  if (threads_.size() < limit_ && !closing_) add_thread();
  do run_next(lock, engine);
  while (more_.wait(lock, stop, [this] { return !jobs_.empty(); }) && !stop.stop_requested());
}

/// True once a job has waited for so long that one more engine pays; false at the end.
bool Workers::wait_for_late_job(Lock& lock, const std::stop_token& stop) {
  for (;;) {
    late_.wait(lock, stop, [this] { return !jobs_.empty(); });
    if (stop.stop_requested()) return false;
    const auto due = jobs_.front().since + patience_ * engines_ * engines_;
    if (due <= std::chrono::steady_clock::now()) return true;
    late_.wait_until(lock, stop, due, [] { return false; });  // by then it may be another job
  }
}

/// Runs the job that has waited longest, without the lock.
void Workers::run_next(Lock& lock, Engine& engine) {
  Job job = std::move(jobs_.front().job);
  jobs_.pop_front();
  lock.unlock();
  job(engine);
  job = nullptr;  // what it holds goes before the lock is taken
  lock.lock();
}

Workers& Workers::shared() {
  static Workers workers(16, std::chrono::milliseconds(100));
  return workers;
}

}  // namespace m8::script
