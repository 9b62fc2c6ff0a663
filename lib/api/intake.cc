#include "api/intake.h"

#include <iterator>
#include <utility>

namespace m8::api {

Status Intake::add(std::span<store::ScanRequest> requests) {
  if (requests.empty()) return {};
  Waiting self{requests, false, {}};
  std::unique_lock lock(mutex_);
  waiting_.push_back(&self);
  while (!self.over) {
    if (writing_) {
      over_.wait(lock);
      continue;
    }
    writing_ = true;
    auto all = std::exchange(waiting_, {});
    lock.unlock();
    write(all);
    lock.lock();
    writing_ = false;
    for (Waiting* one : all) one->over = true;
    over_.notify_all();
  }
  return self.status;
}

std::size_t Intake::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

void Intake::write(std::vector<Waiting*> all) {
  if (all.size() == 1) {
    all.front()->status = store_.add(all.front()->requests);
    return;
  }
  std::vector<store::ScanRequest> together;
  for (const Waiting* one : all)
    together.insert(together.end(), one->requests.begin(), one->requests.end());
  const Status written = store_.add(together);
  auto next = together.begin();
  for (Waiting* one : all) {
    for (store::ScanRequest& request : one->requests) request.id = (next++)->id;
    if (one->requests.back().id == 0) one->status = written;
  }
}

}  // namespace m8::api
