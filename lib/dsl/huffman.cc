#include "dsl/huffman.h"

#include <algorithm>
#include <array>

namespace m8::dsl {
namespace {

constexpr int kMaxBits = 15;

struct Leaf {
  std::uint32_t frequency;
  std::size_t symbol;
};

/// The coins of one level of the package-merge algorithm: leaves and pairs, by weight.
struct Level {
  std::vector<std::uint64_t> weights;
  std::vector<bool> is_leaf;
};

/// Leaves merged with the pairs of the level below; a pair goes first when both weigh the same.
Level merged(const std::vector<Leaf>& leaves, const Level& below) {
  Level level;
  std::size_t leaf = 0;
  std::size_t pair = 0;
  const std::size_t pairs = below.weights.size() / 2;
  while (leaf < leaves.size() || pair < pairs) {
    const std::uint64_t weight =
        pair < pairs ? below.weights[2 * pair] + below.weights[2 * pair + 1] : 0;
    const bool take_leaf =
        pair == pairs || (leaf < leaves.size() && leaves[leaf].frequency < weight);
    level.weights.push_back(take_leaf ? leaves[leaf].frequency : weight);
    level.is_leaf.push_back(take_leaf);
    ++(take_leaf ? leaf : pair);
  }
  return level;
}

/// Number of symbols of each length, for at least three leaves sorted by frequency.
std::array<std::size_t, kMaxBits + 1> counts_of_lengths(const std::vector<Leaf>& leaves,
                                                        int max_bits) {
  const int depth = std::min<int>(max_bits, static_cast<int>(leaves.size()) - 1);
  std::vector<Level> levels(1);
  for (int i = 0; i < depth; ++i) levels.push_back(merged(leaves, levels.back()));
  std::array<std::size_t, kMaxBits + 1> counts{};
  std::size_t items = 2 * leaves.size() - 2;
  std::size_t leaves_above = 0;
  // The top level holds every leaf once; each one that is also in the next has a longer code.
  for (int length = 0; length < depth; ++length) {
    const Level& level = levels[static_cast<std::size_t>(depth - length)];
    const auto chosen = level.is_leaf.begin() + static_cast<std::ptrdiff_t>(items);
    const auto taken = static_cast<std::size_t>(std::count(level.is_leaf.begin(), chosen, true));
    if (length > 0) counts[static_cast<std::size_t>(length)] = leaves_above - taken;
    leaves_above = taken;
    items = 2 * (items - taken);
  }
  counts[static_cast<std::size_t>(depth)] = leaves_above;
  return counts;
}

std::uint16_t reversed(std::uint32_t bits, int count) {
  std::uint32_t out = 0;
  for (int i = 0; i < count; ++i) out |= (bits >> i & 1u) << (count - 1 - i);
  return static_cast<std::uint16_t>(out);
}

}  // namespace

void BitWriter::put(std::uint32_t bits, int count) {
  held_ |= static_cast<std::uint64_t>(bits) << count_;
  count_ += count;
  while (count_ >= 8) {
    out_ += static_cast<char>(held_ & 255);
    held_ >>= 8;
    count_ -= 8;
  }
}

void BitWriter::align() {
  if (count_ > 0) put(0, 8 - count_);
}

HuffmanCode HuffmanCode::of_lengths(std::vector<std::uint8_t> lengths) {
  HuffmanCode code;
  code.bits_.resize(lengths.size());
  std::uint32_t next = 0;
  for (int length = 1; length <= kMaxBits; ++length) {
    next <<= 1;
    for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
      if (lengths[symbol] == length) code.bits_[symbol] = reversed(next++, length);
    }
  }
  code.lengths_ = std::move(lengths);
  return code;
}

HuffmanCode HuffmanCode::optimal(std::span<const std::uint32_t> frequencies, int max_bits) {
  std::vector<Leaf> leaves;
  for (std::size_t symbol = 0; symbol < frequencies.size(); ++symbol) {
    if (frequencies[symbol] != 0) leaves.push_back({frequencies[symbol], symbol});
  }
  std::vector<std::uint8_t> lengths(frequencies.size());
  if (leaves.size() <= 2) {
    for (const Leaf& leaf : leaves) lengths[leaf.symbol] = 1;
    return of_lengths(std::move(lengths));
  }
  std::stable_sort(leaves.begin(), leaves.end(),
                   [](const Leaf& a, const Leaf& b) { return a.frequency < b.frequency; });
  const auto counts = counts_of_lengths(leaves, max_bits);
  std::size_t most_frequent = leaves.size();
  for (std::size_t length = 1; length < counts.size(); ++length) {
    for (std::size_t i = 0; i < counts[length]; ++i) {
      lengths[leaves[--most_frequent].symbol] = static_cast<std::uint8_t>(length);
    }
  }
  return of_lengths(std::move(lengths));
}

std::size_t HuffmanCode::cost(std::span<const std::uint32_t> frequencies) const {
  std::size_t bits = 0;
  for (std::size_t i = 0; i < frequencies.size(); ++i) bits += frequencies[i] * lengths_[i];
  return bits;
}

}  // namespace m8::dsl
