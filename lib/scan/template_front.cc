#include "scan/template_front.h"

#include <algorithm>
#include <utility>

namespace m8::scan {

TemplateFront::TemplateFront(std::size_t templates, std::size_t ahead)
    : ahead_(std::max<std::size_t>(ahead, 1)), runs_(templates + 1), last_(templates) {}

std::uint64_t TemplateFront::gather() {
  const std::lock_guard lock(mutex_);
  gathering_ = true;
  return ++gatherings_;
}

void TemplateFront::gather_over(std::uint64_t which) {
  std::vector<std::function<void()>> woken;
  {
    const std::lock_guard lock(mutex_);
    if (which != gatherings_) return;
    gathering_ = false;
    woken.swap(waiting_);
  }
  for (const auto& wake : woken) wake();
}

void TemplateFront::enter() {
  const std::lock_guard lock(mutex_);
  ++runs_[0];
  last_ = 0;
}

void TemplateFront::move(std::size_t from, std::size_t to) {
  std::vector<std::function<void()>> woken;
  {
    const std::lock_guard lock(mutex_);
    --runs_[from];
    if (to + 1 < runs_.size()) ++runs_[to];
    const std::size_t before = last_;
    while (last_ + 1 < runs_.size() && runs_[last_] == 0) ++last_;
    if (last_ != before) woken.swap(waiting_);
  }
  for (const auto& wake : woken) wake();
}

bool TemplateFront::may_begin(std::size_t number, std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  if (!gathering_ && number < last_ + ahead_) return true;
  waiting_.push_back(std::move(wake));
  return false;
}

}  // namespace m8::scan
