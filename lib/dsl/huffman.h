/// Huffman codes of deflate (RFC 1951 3.2): lengths and bits, as Go's compressor chooses them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace m8::dsl {

/// Collects bits, least significant first.
class BitWriter {
 public:
  void put(std::uint32_t bits, int count);
  /// Fills up the last byte with zeros.
  void align();
  void bytes(std::string_view data) { out_ += data; }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  std::uint64_t held_ = 0;
  int count_ = 0;
};

/// One code: a length and bits for each symbol.
class HuffmanCode {
 public:
  /// An optimal code for \p frequencies with no length over \p max_bits.
  static HuffmanCode optimal(std::span<const std::uint32_t> frequencies, int max_bits);
  /// The code with these lengths (RFC 1951 3.2.2).
  static HuffmanCode of_lengths(std::vector<std::uint8_t> lengths);

  int length(std::size_t symbol) const { return lengths_[symbol]; }
  void put(BitWriter& out, std::size_t symbol) const { out.put(bits_[symbol], lengths_[symbol]); }
  /// Bits that symbols with these frequencies take.
  std::size_t cost(std::span<const std::uint32_t> frequencies) const;

 private:
  std::vector<std::uint8_t> lengths_;
  std::vector<std::uint16_t> bits_;  ///< reversed, ready to be written
};

}  // namespace m8::dsl
