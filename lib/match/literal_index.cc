#include "match/literal_index.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace m8::match {
namespace {

/// So few bits are set that most positions of a text end at the bitmap.
constexpr std::size_t kSlotsPerEntry = 16;

}  // namespace

std::uint32_t LiteralIndex::add(std::string_view literal) {
  const auto number = static_cast<std::uint32_t>(spans_.size());
  spans_.push_back(
      {static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(literal.size())});
  bytes_ += literal;
  return number;
}

void LiteralIndex::build() {
  file_short();
  file_long();
}

void LiteralIndex::file_short() {
  for (std::uint32_t number = 0; number < spans_.size(); ++number) {
    const std::string_view text = literal(number);
    if (text.size() == 1) single_.push_back({load<unsigned char>(text.data()), number, 0});
    if (text.size() != 2 && text.size() != 3) continue;
    const std::uint32_t pair = load<std::uint16_t>(text.data());
    short_.push_back({pair, number, 0});
    pairs_.resize(std::size_t{1} << 10);
    pairs_[pair >> 6] |= std::uint64_t{1} << (pair & 63);
  }
  std::sort(short_.begin(), short_.end(),
            [](const Entry& a, const Entry& b) { return a.window < b.window; });
}

/// Under the window that the fewest literals have, so that buckets stay short. Ties go to the later
/// one: literals differ more at their end.
void LiteralIndex::file_long() {
  std::unordered_map<std::uint32_t, std::uint32_t> frequency;
  const auto each_window = [&](std::uint32_t number, auto visit) {
    const std::string_view text = literal(number);
    for (std::size_t at = 0; at + 4 <= text.size(); ++at)
      visit(static_cast<std::uint32_t>(at), load<std::uint32_t>(text.data() + at));
  };
  for (std::uint32_t number = 0; number < spans_.size(); ++number)
    each_window(number, [&](std::uint32_t, std::uint32_t window) { ++frequency[window]; });
  for (std::uint32_t number = 0; number < spans_.size(); ++number) {
    Entry best{0, number, 0};
    std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
    each_window(number, [&](std::uint32_t at, std::uint32_t window) {
      const std::uint32_t often = frequency[window];
      if (often > least) return;
      least = often;
      best = {window, number, at};
    });
    if (least != std::numeric_limits<std::uint32_t>::max()) entries_.push_back(best);
  }
  has_long_ = !entries_.empty();
  int bits = kMinBits;
  while (bits < kMaxBits && (std::size_t{1} << bits) < entries_.size() * kSlotsPerEntry) ++bits;
  shift_ = 32 - bits;
  const std::size_t slots = std::size_t{1} << bits;
  std::stable_sort(entries_.begin(), entries_.end(), [this](const Entry& a, const Entry& b) {
    return slot_of(a.window) < slot_of(b.window);
  });
  bitmap_.assign(slots / 64, 0);
  heads_.assign(slots + 1, 0);
  for (const Entry& entry : entries_) {
    const std::uint32_t slot = slot_of(entry.window);
    bitmap_[slot >> 6] |= std::uint64_t{1} << (slot & 63);
    ++heads_[slot + 1];
  }
  for (std::size_t slot = 0; slot < slots; ++slot) heads_[slot + 1] += heads_[slot];
}

}  // namespace m8::match
