#include "store/run_journal.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace m8::store {
namespace {

constexpr std::uint64_t kForm = 1;

/// The number at the front of \p text, taken off with the blank behind it.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.empty()) return number;
  if (text.front() != ' ') return std::nullopt;
  text.remove_prefix(1);
  return number;
}

Error corrupt() { return {ErrorCode::kCorrupt, "the journal of the run can't be read"}; }

}  // namespace

Status RunJournal::restore(std::string_view text) {
  const auto form = take_number(text), next = take_number(text);
  if (!form || *form != kForm || !next) return corrupt();
  std::set<std::uint64_t> left;
  std::uint64_t number = 0;
  while (!text.empty()) {
    const auto distance = take_number(text);
    if (!distance || (*distance == 0 && !left.empty())) return corrupt();
    number += *distance;
    if (number < *distance || number >= *next) return corrupt();
    left.insert(left.end(), number);
  }
  std::lock_guard lock(mutex_);
  resume_ = low_ = *next;
  left_ = std::move(left);
  return {};
}

bool RunJournal::begin(std::uint64_t number) {
  std::lock_guard lock(mutex_);
  if (number < resume_) return left_.contains(number);
  ended_.push_back(false);
  ++changes_;
  return true;
}

void RunJournal::end(std::uint64_t number, bool failed) {
  std::lock_guard lock(mutex_);
  ++changes_;
  const bool remember = failed && failed_.size() < kMostFailed;
  if (number < resume_) {
    if (!remember) left_.erase(number);
    return;
  }
  if (remember) failed_.insert(number);
  if (number < low_ || number - low_ >= ended_.size()) return;
  ended_[static_cast<std::size_t>(number - low_)] = true;
  while (!ended_.empty() && ended_.front()) {
    ended_.pop_front();
    ++low_;
  }
}

std::string RunJournal::text() const {
  std::lock_guard lock(mutex_);
  std::string out = std::to_string(kForm) + " " + std::to_string(low_ + ended_.size());
  std::uint64_t before = 0;
  const auto add = [&](std::uint64_t number) {
    out += ' ';
    out += std::to_string(number - before);
    before = number;
  };
  for (const std::uint64_t number : left_) add(number);
  std::set<std::uint64_t> open = failed_;
  for (std::size_t i = 0; i < ended_.size(); ++i) {
    if (!ended_[i]) open.insert(low_ + i);
  }
  for (const std::uint64_t number : open) add(number);
  return out;
}

std::uint64_t RunJournal::changes() const {
  std::lock_guard lock(mutex_);
  return changes_;
}

}  // namespace m8::store
