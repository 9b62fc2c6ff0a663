#include "enumerate/feed.h"

#include <algorithm>

#include "base/hash.h"

namespace m8::enumerate {
namespace {

/// Names remembered so that a source that repeats itself costs nothing: 64 MB at most.
constexpr std::size_t kMostRemembered = 2'000'000;
/// Names that wait while memory is tight.
constexpr std::size_t kNarrow = 16;

}  // namespace

Feed::Feed(std::vector<net::Name> apexes, std::size_t capacity, const MemoryGovernor* memory)
    : apexes_(apexes), capacity_(std::max<std::size_t>(capacity, 1)), memory_(memory) {}

std::size_t Feed::capacity() const {
  return memory_ && memory_->tight() ? std::min(capacity_, kNarrow) : capacity_;
}

Feed::Pushed Feed::push(const net::Name& name, std::string_view source, std::stop_token stop,
                        bool guess) {
  Candidate candidate;
  candidate.apex = apexes_.of(name.text());
  if (candidate.apex == apexes_.size()) return Pushed::kOutside;
  candidate.name = name.text();
  candidate.source = source;
  candidate.guess = guess;

  std::unique_lock lock(mutex_);
  if (closed_) return Pushed::kClosed;
  const std::uint64_t key = seeded_hash(candidate.source + '\n' + candidate.name);
  if (seen_.contains(key)) return Pushed::kKnown;
  room_.wait(lock, stop, [this] { return closed_ || waiting_.size() < capacity(); });
  if (closed_ || stop.stop_requested()) return Pushed::kClosed;
  if (seen_.size() < kMostRemembered) seen_.insert(key);
  waiting_.push_back(std::move(candidate));
  // Under the lock: forget_wake() must not return while a wake is under way.
  if (waiting_.size() == 1 && wake_) wake_();
  return Pushed::kTaken;
}

void Feed::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  room_.notify_all();
  if (wake_) wake_();
}

Result<CandidateSource::Next> Feed::next(Candidate& candidate) {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return closed_ ? Next::kEnd : Next::kLater;
  candidate = std::move(waiting_.front());
  waiting_.pop_front();
  room_.notify_one();
  return Next::kCandidate;
}

void Feed::on_more(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

}  // namespace m8::enumerate
