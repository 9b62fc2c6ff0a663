#include "dsl/match_finder.h"

#include <algorithm>

namespace m8::dsl {
namespace {

constexpr std::size_t kWindow = 32768;
constexpr std::size_t kMinMatch = 4;
constexpr std::size_t kMaxMatch = 258;
constexpr std::size_t kBlockTokens = 16384;
constexpr int kHashBits = 17;

// Level 6.
constexpr std::size_t kLazy = 16;   ///< a match this long is not tried to be bettered
constexpr std::size_t kNice = 128;  ///< a match this long ends the search
constexpr int kChain = 128;         ///< candidates that are looked at

}  // namespace

MatchFinder::MatchFinder(std::string_view text)
    : text_(text), latest_(std::size_t{1} << kHashBits, -1), previous_(text.size(), -1) {}

std::size_t MatchFinder::buffer_start(std::size_t position) const {
  // It holds two windows and moves by one when the second is used up and more text is to come.
  constexpr std::size_t kFirstMove = 2 * kWindow - (kMinMatch + kMaxMatch) + 1;
  const std::size_t due = position < kFirstMove ? 0 : 1 + (position - kFirstMove) / kWindow;
  const std::size_t possible =
      text_.size() <= 2 * kWindow ? 0 : 1 + (text_.size() - 2 * kWindow - 1) / kWindow;
  return std::min(due, possible) * kWindow;
}

std::size_t MatchFinder::window_start(std::size_t position) const {
  return std::max(buffer_start(position), position < kWindow ? 0 : position - kWindow);
}

std::int64_t MatchFinder::insert(std::size_t position) {
  std::uint32_t four = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    four = four << 8 | static_cast<unsigned char>(text_[position + i]);
  }
  const std::uint32_t hash = (four * 0x1e35a7bdu) >> (32 - kHashBits);
  previous_[position] = latest_[hash];
  latest_[hash] = static_cast<std::int32_t>(position);
  return previous_[position];
}

MatchFinder::Match MatchFinder::find(std::size_t position, std::int64_t candidate) const {
  const std::size_t limit = std::min(kMaxMatch, text_.size() - position);
  const std::size_t nice = std::min(kNice, limit);
  const auto first = static_cast<std::int64_t>(window_start(position));
  Match best{kMinMatch - 1, 0};
  for (int tries = kChain; tries > 0 && candidate >= first; --tries) {
    const auto at = static_cast<std::size_t>(candidate);
    if (text_[at + best.length] == text_[position + best.length]) {
      std::size_t length = 0;
      while (length < limit && text_[at + length] == text_[position + length]) ++length;
      const bool near = length > kMinMatch || position - at <= 4096;
      if (length > best.length && near) best = {length, position - at};
      if (best.length >= nice) break;
    }
    if (candidate == first) break;
    candidate = previous_[at];
  }
  return best.distance == 0 ? Match{kMinMatch - 1, 0} : best;
}

void MatchFinder::run(const Sink& sink) {
  std::vector<DeflateToken> tokens;
  const auto add = [&](std::size_t value, std::size_t distance, std::size_t end) {
    tokens.push_back({static_cast<std::uint16_t>(value), static_cast<std::uint16_t>(distance)});
    if (tokens.size() < kBlockTokens) return;
    sink(tokens, end);
    tokens.clear();
  };
  const auto literal = [&](std::size_t at) {
    add(static_cast<unsigned char>(text_[at]), 0, at + 1);
  };
  const auto can_insert = [&](std::size_t at) { return at + kMinMatch <= text_.size(); };

  Match last{kMinMatch - 1, 0};
  bool literal_waits = false;
  std::size_t at = 0;
  while (at < text_.size()) {
    const std::int64_t candidate = can_insert(at) ? insert(at) : -1;
    Match here{kMinMatch - 1, 0};
    const bool search = candidate >= static_cast<std::int64_t>(window_start(at)) &&
                        text_.size() - at > last.length && last.length < kLazy;
    if (search) here = find(at, candidate);
    if (last.length >= kMinMatch && here.length <= last.length) {
      // The match that began one byte before is better.
      const std::size_t end = at + last.length - 1;
      for (++at; at < end; ++at) {
        if (can_insert(at)) insert(at);
      }
      add(last.length, last.distance, end);
      last = {kMinMatch - 1, 0};
      literal_waits = false;
      continue;
    }
    if (literal_waits) literal(at - 1);
    literal_waits = true;
    last = here;
    ++at;
  }
  if (literal_waits) literal(text_.size() - 1);
  if (!tokens.empty()) sink(tokens, text_.size());
}

}  // namespace m8::dsl
