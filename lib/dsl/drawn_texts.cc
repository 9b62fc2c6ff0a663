#include "dsl/drawn_texts.h"

#include <algorithm>

namespace m8::dsl {
namespace {

std::size_t slot_of(std::string_view text, std::size_t slots) {
  return SeededHash()(text.substr(0, DrawnTexts::kShortest)) % slots;
}

}  // namespace

void DrawnTexts::add(std::string_view text) {
  const bool number = text.find_first_not_of("0123456789") == text.npos;
  if (text.size() < kShortest + (number ? 1 : 0) || text.size() > kLongest) return;
  std::lock_guard lock(mutex_);
  if (!texts_.emplace(text).second) return;
  ++of_length_[text.size()];
  beginnings_.set(slot_of(text, beginnings_.size()));
  if (texts_.size() <= kKept) return;
  latest_.emplace_back(text);
  if (latest_.size() <= kKept) return;
  --of_length_[latest_.front().size()];
  texts_.erase(texts_.find(latest_.front()));
  latest_.pop_front();
}

bool DrawnTexts::may_begin(std::string_view text) const {
  return text.size() >= kShortest && beginnings_.test(slot_of(text, beginnings_.size()));
}

/// The longest remembered text that \p text begins with.
std::string_view DrawnTexts::at(std::string_view text) const {
  if (!may_begin(text)) return {};
  for (std::size_t length = std::min(kLongest, text.size()); length >= kShortest; --length) {
    if (of_length_[length] == 0) continue;
    const std::string_view known = text.substr(0, length);
    if (texts_.find(known) != texts_.end()) return known;
  }
  return {};
}

std::vector<std::string> DrawnTexts::found_in(std::string_view text) const {
  std::vector<std::string> found;
  std::lock_guard lock(mutex_);
  if (texts_.empty()) return found;
  while (!text.empty()) {
    const std::string_view known = at(text);
    if (!known.empty()) found.emplace_back(known);
    text.remove_prefix(std::max<std::size_t>(known.size(), 1));
  }
  return found;
}

}  // namespace m8::dsl
