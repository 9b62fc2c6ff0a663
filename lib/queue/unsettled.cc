#include "queue/unsettled.h"

namespace m8::queue::amqp {

void Unsettled::delivered(std::uint64_t tag) {
  if (open_.empty()) first_ = tag;
  // Tags that were skipped are none of ours.
  while (first_ + open_.size() < tag) open_.push_back(State::kSent);
  open_.push_back(State::kOpen);
}

Unsettled::State* Unsettled::find(std::uint64_t tag) {
  if (tag < first_ || tag - first_ >= open_.size()) return nullptr;
  State& state = open_[tag - first_];
  return state == State::kOpen ? &state : nullptr;
}

bool Unsettled::rejected(std::uint64_t tag) {
  State* state = find(tag);
  if (!state) return false;
  *state = State::kSent;
  return true;
}

std::optional<std::uint64_t> Unsettled::advance() {
  std::optional<std::uint64_t> last;
  while (!open_.empty() && open_.front() != State::kOpen) {
    if (open_.front() == State::kAcked) last = first_;
    open_.pop_front();
    ++first_;
  }
  return last;
}

Unsettled::Acks Unsettled::acked(std::span<const std::uint64_t> tags, std::size_t& known) {
  known = 0;
  for (const std::uint64_t tag : tags) {
    if (State* state = find(tag)) {
      *state = State::kAcked;
      ++known;
    }
  }
  Acks acks;
  acks.up_to = advance();
  for (const std::uint64_t tag : tags) {
    if (tag < first_ || tag - first_ >= open_.size()) continue;
    State& state = open_[tag - first_];
    if (state != State::kAcked) continue;
    state = State::kSent;
    acks.single.push_back(tag);
  }
  return acks;
}

}  // namespace m8::queue::amqp
