#include "enumerate/learned.h"

#include "base/hash.h"

namespace m8::enumerate {

bool Learned::offer(std::string_view text, std::string_view origin) {
  if (text.starts_with("*.")) text.remove_prefix(2);
  const auto name = net::Name::parse(text);
  if (!name.ok()) return false;
  Candidate candidate;
  candidate.apex = apexes_.of(name->text());
  if (candidate.apex == apexes_.size()) return false;
  candidate.name = name->text();
  candidate.guess = false;
  candidate.source = origin;

  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= most_) {
    ++dropped_;
    return false;
  }
  if (!seen_.insert(seeded_hash(candidate.source + '\n' + candidate.name)).second) return false;
  ++taken_[candidate.source];
  waiting_.push_back(std::move(candidate));
  // Under the lock: forget_wake() must not return while a wake is under way.
  if (waiting_.size() == 1 && wake_) wake_();
  return true;
}

Learned::Hold Learned::hold() {
  const std::lock_guard lock(mutex_);
  ++holds_;
  return Hold(*this);
}

void Learned::release() {
  const std::lock_guard lock(mutex_);
  if (--holds_ == 0 && wake_) wake_();
}

Result<CandidateSource::Next> Learned::next(Candidate& candidate) {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return holds_ > 0 ? Next::kLater : Next::kNeedsFinds;
  candidate = std::move(waiting_.front());
  waiting_.pop_front();
  return Next::kCandidate;
}

void Learned::on_more(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

std::map<std::string, std::uint64_t> Learned::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

}  // namespace m8::enumerate
