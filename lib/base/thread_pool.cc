#include "base/thread_pool.h"

#include <algorithm>
#include <exception>

namespace m8 {

ThreadPool::ThreadPool(Options options, Observer observer, Clock& clock)
    : observer_(std::move(observer)), clock_(clock), jobs_(options.queue) {
  const int count = std::clamp(options.workers, 1, 1024);
  threads_.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    threads_.emplace_back([this, i](std::stop_token stop) { work(i, std::move(stop)); });
  }
}

ThreadPool::~ThreadPool() { stop(); }

bool ThreadPool::submit(Job job, std::stop_token stop) {
  return jobs_.push(std::move(job), std::move(stop));
}

void ThreadPool::drain() {
  jobs_.close();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void ThreadPool::stop() {
  jobs_.close();
  for (auto& thread : threads_) thread.request_stop();
  drain();
}

void ThreadPool::work(int worker, std::stop_token stop) {
  while (auto job = jobs_.pop(stop)) {
    if (stop.stop_requested()) return;
    JobReport report;
    report.worker = worker;
    const SteadyTime begin = clock_.now();
    try {
      (*job)(stop);
    } catch (const std::exception& e) {
      report.error = *e.what() ? e.what() : "exception";
    } catch (...) {
      report.error = "unknown exception";
    }
    report.duration = std::chrono::duration_cast<std::chrono::microseconds>(clock_.now() - begin);
    (report.error.empty() ? completed_ : failed_).fetch_add(1, std::memory_order_relaxed);
    if (observer_) observer_(report);
  }
}

}  // namespace m8
