#include "dsl/deflate_blocks.h"

#include <algorithm>
#include <array>

namespace m8::dsl {
namespace {

constexpr std::size_t kLiterals = 286;
constexpr std::size_t kDistances = 30;
constexpr std::size_t kEndOfBlock = 256;
constexpr std::size_t kFirstLength = 257;
constexpr std::size_t kMaxStored = 65535;

// RFC 1951 3.2.5.
constexpr std::array<std::uint16_t, 29> kLengthBase{3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                                    15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                                    67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr std::array<std::uint8_t, 29> kLengthExtra{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                                    2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
constexpr std::array<std::uint16_t, 30> kDistanceBase{
    1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
    193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
constexpr std::array<std::uint8_t, 30> kDistanceExtra{0, 0, 0,  0,  1,  1,  2,  2,  3,  3,
                                                      4, 4, 5,  5,  6,  6,  7,  7,  8,  8,
                                                      9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
// RFC 1951 3.2.7.
constexpr std::array<std::uint8_t, 19> kLengthOrder{16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                    11, 4,  12, 3, 13, 2, 14, 1, 15};

template <std::size_t N>
std::size_t slot(const std::array<std::uint16_t, N>& bases, unsigned value) {
  return static_cast<std::size_t>(std::upper_bound(bases.begin(), bases.end(), value) -
                                  bases.begin()) -
         1;
}

struct Codes {
  HuffmanCode literals;
  HuffmanCode distances;
};

const Codes& fixed_codes() {
  static const Codes codes = [] {
    std::vector<std::uint8_t> lengths(288, 8);
    std::fill(lengths.begin() + 144, lengths.begin() + 256, std::uint8_t{9});
    std::fill(lengths.begin() + 256, lengths.begin() + 280, std::uint8_t{7});
    return Codes{HuffmanCode::of_lengths(std::move(lengths)),
                 HuffmanCode::of_lengths(std::vector<std::uint8_t>(kDistances, 5))};
  }();
  return codes;
}

struct Frequencies {
  std::vector<std::uint32_t> literals = std::vector<std::uint32_t>(kLiterals);
  std::vector<std::uint32_t> distances = std::vector<std::uint32_t>(kDistances);

  explicit Frequencies(const std::vector<DeflateToken>& tokens) {
    for (const DeflateToken& token : tokens) {
      if (token.distance == 0) {
        ++literals[token.value];
      } else {
        ++literals[kFirstLength + slot(kLengthBase, token.value)];
        ++distances[slot(kDistanceBase, token.distance)];
      }
    }
    ++literals[kEndOfBlock];
    // A block without matches still describes one distance.
    if (used(distances) == 0) distances[0] = 1;
  }

  static std::size_t used(const std::vector<std::uint32_t>& list) {
    std::size_t count = list.size();
    while (count > 0 && list[count - 1] == 0) --count;
    return count;
  }

  std::size_t extra_bits() const {
    std::size_t bits = 0;
    for (std::size_t i = 0; i < kLengthExtra.size(); ++i) {
      bits += literals[kFirstLength + i] * kLengthExtra[i];
    }
    for (std::size_t i = 0; i < kDistances; ++i) bits += distances[i] * kDistanceExtra[i];
    return bits;
  }
};

/// The code lengths of a dynamic block, run-length encoded.
class LengthTable {
 public:
  LengthTable(const Codes& codes, std::size_t literals, std::size_t distances)
      : literals_(literals), distances_(distances) {
    std::vector<std::uint8_t> lengths;
    for (std::size_t i = 0; i < literals; ++i) {
      lengths.push_back(static_cast<std::uint8_t>(codes.literals.length(i)));
    }
    for (std::size_t i = 0; i < distances; ++i) {
      lengths.push_back(static_cast<std::uint8_t>(codes.distances.length(i)));
    }
    encode(lengths);
    code_ = HuffmanCode::optimal(frequencies_, 7);
    while (shown_ > 4 && frequencies_[kLengthOrder[shown_ - 1]] == 0) --shown_;
  }

  std::size_t cost() const {
    return 3 + 5 + 5 + 4 + 3 * shown_ + code_.cost(frequencies_) + frequencies_[16] * 2 +
           frequencies_[17] * 3 + frequencies_[18] * 7;
  }

  void put(BitWriter& out) const {
    out.put(4, 3);
    out.put(static_cast<std::uint32_t>(literals_ - 257), 5);
    out.put(static_cast<std::uint32_t>(distances_ - 1), 5);
    out.put(static_cast<std::uint32_t>(shown_ - 4), 4);
    for (std::size_t i = 0; i < shown_; ++i) {
      out.put(static_cast<std::uint32_t>(code_.length(kLengthOrder[i])), 3);
    }
    for (const Item& item : items_) {
      code_.put(out, item.symbol);
      if (item.extra_bits > 0) out.put(item.extra, item.extra_bits);
    }
  }

 private:
  struct Item {
    std::uint8_t symbol;
    std::uint8_t extra;
    int extra_bits;
  };

  void add(std::uint8_t symbol, std::size_t extra = 0, int extra_bits = 0) {
    items_.push_back({symbol, static_cast<std::uint8_t>(extra), extra_bits});
    ++frequencies_[symbol];
  }

  void encode(const std::vector<std::uint8_t>& lengths) {
    for (std::size_t i = 0; i < lengths.size();) {
      std::size_t end = i;
      while (end < lengths.size() && lengths[end] == lengths[i]) ++end;
      add_run(lengths[i], end - i);
      i = end;
    }
  }

  void add_run(std::uint8_t length, std::size_t count) {
    if (length != 0) {
      add(length);
      --count;
      for (; count >= 3; count -= std::min<std::size_t>(count, 6)) {
        add(16, std::min<std::size_t>(count, 6) - 3, 2);
      }
    } else {
      for (; count >= 11; count -= std::min<std::size_t>(count, 138)) {
        add(18, std::min<std::size_t>(count, 138) - 11, 7);
      }
      if (count >= 3) {
        add(17, count - 3, 3);
        count = 0;
      }
    }
    for (; count > 0; --count) add(length);
  }

  std::size_t literals_;
  std::size_t distances_;
  std::size_t shown_ = kLengthOrder.size();
  std::vector<Item> items_;
  std::vector<std::uint32_t> frequencies_ = std::vector<std::uint32_t>(kLengthOrder.size());
  HuffmanCode code_;
};

void put_tokens(BitWriter& out, const std::vector<DeflateToken>& tokens, const Codes& codes) {
  for (const DeflateToken& token : tokens) {
    if (token.distance == 0) {
      codes.literals.put(out, token.value);
      continue;
    }
    const std::size_t length = slot(kLengthBase, token.value);
    codes.literals.put(out, kFirstLength + length);
    out.put(static_cast<std::uint32_t>(token.value - kLengthBase[length]), kLengthExtra[length]);
    const std::size_t distance = slot(kDistanceBase, token.distance);
    codes.distances.put(out, distance);
    out.put(static_cast<std::uint32_t>(token.distance - kDistanceBase[distance]),
            kDistanceExtra[distance]);
  }
  codes.literals.put(out, kEndOfBlock);
}

void put_stored(BitWriter& out, std::string_view data, bool last) {
  out.put(last ? 1 : 0, 3);
  out.align();
  const auto size = static_cast<std::uint32_t>(data.size());
  out.put(size, 16);
  out.put(~size & 0xFFFF, 16);
  out.bytes(data);
}

}  // namespace

void put_block(BitWriter& out, const std::vector<DeflateToken>& tokens,
               std::optional<std::string_view> source) {
  const Frequencies frequencies(tokens);
  const Codes dynamic{HuffmanCode::optimal(frequencies.literals, 15),
                      HuffmanCode::optimal(frequencies.distances, 15)};
  const LengthTable table(dynamic, Frequencies::used(frequencies.literals),
                          Frequencies::used(frequencies.distances));
  const auto cost = [&](const Codes& codes) {
    return codes.literals.cost(frequencies.literals) + codes.distances.cost(frequencies.distances);
  };
  // Extra bits are the same in both codes; they matter only against a stored block.
  const std::size_t fixed_cost = 3 + cost(fixed_codes());
  const std::size_t dynamic_cost = table.cost() + cost(dynamic);
  const bool storable = source && source->size() <= kMaxStored;
  const std::size_t best = std::min(fixed_cost, dynamic_cost) + frequencies.extra_bits();
  if (storable && (source->size() + 5) * 8 < best) return put_stored(out, *source, false);
  if (dynamic_cost < fixed_cost) {
    table.put(out);
    put_tokens(out, tokens, dynamic);
  } else {
    out.put(2, 3);
    put_tokens(out, tokens, fixed_codes());
  }
}

void put_empty_block(BitWriter& out, bool last) { put_stored(out, {}, last); }

}  // namespace m8::dsl
