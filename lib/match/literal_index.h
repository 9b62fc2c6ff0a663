/// LiteralIndex: which of thousands of literals occur in a text, in one pass over it.
///
/// Literals are filed under the rarest of their windows of four bytes (three, two or one if they
/// are shorter). A pass hashes the window at each position, asks a bitmap that stays in the first
/// level cache, and compares in full only where the bit is set. Some 100 bytes per literal;
/// building takes milliseconds for ten thousand. Immutable once built: threads may share it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace m8::match {

class LiteralIndex {
 public:
  /// Adds \p literal (not empty) and returns its number: 0, 1, 2... Bytes are compared as they
  /// are; for a search without case both sides are given in lower case. REQUIRES: not built yet.
  std::uint32_t add(std::string_view literal);
  /// Ends adding. O(bytes of all literals).
  void build();

  std::size_t size() const { return spans_.size(); }

  /// Calls \p found(number) for each occurrence of each literal in \p text; a literal that occurs
  /// several times is named several times. REQUIRES: built. O(text) plus what is found.
  template <typename Found>
  void scan(std::string_view text, Found found) const {
    if (has_long_) scan_windows<4>(text, found);
    for (std::size_t width = 3; width > 0; --width)
      if (short_used_[width - 1]) scan_short(text, width, found);
  }

 private:
  static constexpr int kMinBits = 6, kMaxBits = 17;  ///< of a slot number
  struct Span {
    std::uint32_t begin = 0;  ///< in bytes_
    std::uint32_t size = 0;
  };
  struct Entry {
    std::uint32_t window = 0;  ///< the bytes of the window
    std::uint32_t literal = 0;
    std::uint32_t offset = 0;  ///< of the window in the literal
  };

  std::uint32_t slot_of(std::uint32_t window) const { return (window * 2654435761u) >> shift_; }
  static std::uint32_t load(const char* at, std::size_t width) {
    std::uint32_t window = 0;
    if (width == 4) {
      __builtin_memcpy(&window, at, 4);
      return window;
    }
    for (std::size_t i = 0; i < width; ++i)
      window |= static_cast<std::uint32_t>(static_cast<unsigned char>(at[i])) << (8 * i);
    return window;
  }
  bool marked(std::uint32_t slot) const { return (bitmap_[slot >> 6] >> (slot & 63)) & 1; }
  std::string_view literal(std::uint32_t number) const {
    return std::string_view(bytes_).substr(spans_[number].begin, spans_[number].size);
  }

  /// Every literal filed under the window at \p at of \p text.
  template <typename Found>
  void compare(std::string_view text, std::size_t at, std::uint32_t window, std::uint32_t slot,
               Found& found) const {
    for (std::uint32_t i = heads_[slot]; i < heads_[slot + 1]; ++i) {
      const Entry& entry = entries_[i];
      if (entry.window != window || entry.offset > at) continue;
      const std::string_view wanted = literal(entry.literal);
      if (text.substr(at - entry.offset, wanted.size()) == wanted) found(entry.literal);
    }
  }

  template <std::size_t kWidth, typename Found>
  void scan_windows(std::string_view text, Found& found) const {
    if (text.size() < kWidth) return;
    const std::size_t last = text.size() - kWidth;
    for (std::size_t at = 0; at <= last; ++at) {
      const std::uint32_t window = load(text.data() + at, kWidth);
      const std::uint32_t slot = slot_of(window);
      if (marked(slot)) compare(text, at, window, slot, found);
    }
  }

  template <typename Found>
  void scan_short(std::string_view text, std::size_t width, Found& found) const {
    for (std::size_t at = 0; at + width <= text.size(); ++at) {
      const std::uint32_t window = load(text.data() + at, width);
      for (const Entry& entry : short_[width - 1])
        if (entry.window == window) found(entry.literal);
    }
  }

  void file_long();

  std::string bytes_;
  std::vector<Span> spans_;
  std::vector<Entry> entries_;        ///< sorted by the slot of their window
  std::vector<std::uint32_t> heads_;  ///< per slot: where its entries begin
  std::vector<std::uint64_t> bitmap_;
  std::array<std::vector<Entry>, 3> short_;  ///< literals of one, two and three bytes
  std::array<bool, 3> short_used_{};
  int shift_ = 32 - kMinBits;
  bool has_long_ = false;  ///< a literal of four bytes or more
};

}  // namespace m8::match
