/// LiteralIndex: which of thousands of literals occur in a text, in one pass over it.
///
/// Literals are filed under the rarest of their windows of four bytes, shorter ones under their
/// first two. A pass hashes the window at each position, asks a bitmap that stays in the first
/// level cache, and compares in full only where the bit is set; literals of two and three bytes
/// take a second pass with a bitmap of their own. Some 100 bytes per literal; building takes
/// milliseconds for ten thousand. Immutable once built: threads may share it.
#pragma once

#include <algorithm>
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

  /// Calls \p found(number) for each literal in \p text, at least once; maybe again where it occurs
  /// again. REQUIRES: built. O(text) plus what is found.
  template <typename Found>
  void scan(std::string_view text, Found found) const {
    if (has_long_) scan_windows(text, found);
    if (!pairs_.empty()) scan_pairs(text, found);
    for (const Entry& entry : single_)
      if (text.find(static_cast<char>(entry.window)) != text.npos) found(entry.literal);
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
  template <typename Window>
  static std::uint32_t load(const char* at) {
    Window window;
    __builtin_memcpy(&window, at, sizeof window);
    return window;
  }
  static bool marked(const std::vector<std::uint64_t>& bits, std::uint32_t at) {
    return (bits[at >> 6] >> (at & 63)) & 1;
  }
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

  template <typename Found>
  void scan_windows(std::string_view text, Found& found) const {
    if (text.size() < 4) return;
    const std::size_t last = text.size() - 4;
    for (std::size_t at = 0; at <= last; ++at) {
      const std::uint32_t window = load<std::uint32_t>(text.data() + at);
      const std::uint32_t slot = slot_of(window);
      if (marked(bitmap_, slot)) compare(text, at, window, slot, found);
    }
  }

  template <typename Found>
  void scan_pairs(std::string_view text, Found& found) const {
    for (std::size_t at = 0; at + 2 <= text.size(); ++at) {
      const std::uint32_t pair = load<std::uint16_t>(text.data() + at);
      if (marked(pairs_, pair)) compare_short(text, at, pair, found);
    }
  }

  template <typename Found>
  void compare_short(std::string_view text, std::size_t at, std::uint32_t pair,
                     Found& found) const {
    const auto less = [](const Entry& entry, std::uint32_t key) { return entry.window < key; };
    for (auto entry = std::lower_bound(short_.begin(), short_.end(), pair, less);
         entry != short_.end() && entry->window == pair; ++entry) {
      const std::string_view wanted = literal(entry->literal);
      if (text.substr(at, wanted.size()) == wanted) found(entry->literal);
    }
  }

  void file_short();
  void file_long();

  std::string bytes_;
  std::vector<Span> spans_;
  std::vector<Entry> entries_;        ///< sorted by the slot of their window
  std::vector<std::uint32_t> heads_;  ///< per slot: where its entries begin
  std::vector<std::uint64_t> bitmap_;
  std::vector<Entry> short_;          ///< of two and three bytes, sorted by their first two
  std::vector<std::uint64_t> pairs_;  ///< a bit for each first two bytes in short_; empty: none
  std::vector<Entry> single_;         ///< of one byte
  int shift_ = 32 - kMinBits;
  bool has_long_ = false;  ///< a literal of four bytes or more
};

}  // namespace m8::match
