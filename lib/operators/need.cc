#include "operators/need.h"

#include <algorithm>
#include <array>
#include <utility>

#include "match/required_literals.h"

namespace m8::operators {
namespace {

/// A group with more literals rules hardly anything out.
constexpr std::size_t kMaxGroup = 64;

std::size_t shortest(const Need::Group& group) {
  std::size_t least = group.front().size();
  for (const std::string& literal : group) least = std::min(least, literal.size());
  return least;
}

/// The group of \p need that is in the fewest answers, as far as lengths tell.
const Need::Group& best_group(const Need& need) {
  return *std::max_element(
      need.groups.begin(), need.groups.end(),
      [](const Need::Group& a, const Need::Group& b) { return shortest(a) < shortest(b); });
}

struct Folding {
  std::string_view from;
  char to;
};
constexpr std::array<Folding, 4> kFoldings{
    {{"\xc4\xb0", 'i'}, {"\xc4\xb1", 'i'}, {"\xc5\xbf", 's'}, {"\xe2\x84\xaa", 'k'}}};

/// The folding that \p rest begins with; null for another text.
const Folding* folding_of(std::string_view rest) {
  for (const Folding& folding : kFoldings)
    if (rest.starts_with(folding.from)) return &folding;
  return nullptr;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

bool Need::excludes(std::int64_t status) const {
  return !statuses.empty() && std::find(statuses.begin(), statuses.end(), status) == statuses.end();
}

Need need_all(std::vector<Need> parts) {
  Need out;
  for (Need& part : parts) {
    std::move(part.groups.begin(), part.groups.end(), std::back_inserter(out.groups));
    // Two lists of statuses are kept as the shorter one: enough to rule out, and seldom needed.
    const bool better = out.statuses.empty() || part.statuses.size() < out.statuses.size();
    if (!part.statuses.empty() && better) out.statuses = std::move(part.statuses);
  }
  return out;
}

Need need_any(std::vector<Need> parts) {
  if (parts.empty()) return {};
  if (parts.size() == 1) return std::move(parts.front());
  Need out;
  Need::Group group;
  bool all_groups = true, all_statuses = true;
  for (const Need& part : parts) {
    all_groups = all_groups && !part.groups.empty();
    all_statuses = all_statuses && !part.statuses.empty();
    if (all_groups) {
      const Need::Group& best = best_group(part);
      group.insert(group.end(), best.begin(), best.end());
    }
    out.statuses.insert(out.statuses.end(), part.statuses.begin(), part.statuses.end());
  }
  if (!all_statuses) out.statuses.clear();
  if (all_groups && group.size() <= kMaxGroup) out.groups.push_back(std::move(group));
  return out;
}

bool is_of_answer(std::string_view part) {
  return part.empty() || part == "body" || part == "header" || part == "all_headers" ||
         part == "response";
}

void fold(std::string_view text, std::string& out) {
  const std::size_t begin = out.size();
  out.append(text);
  unsigned char high = 0;
  for (std::size_t i = begin; i < out.size(); ++i) {
    high |= static_cast<unsigned char>(out[i]);
    out[i] = lower(out[i]);
  }
  if (high < 0x80) return;
  std::size_t to = begin;
  for (std::size_t from = begin; from < out.size();) {
    const char c = out[from];
    const bool may_fold = static_cast<unsigned char>(c) >= 0xc4;
    const Folding* folding = may_fold ? folding_of(std::string_view(out).substr(from)) : nullptr;
    out[to++] = folding ? folding->to : c;
    from += folding ? folding->from.size() : 1;
  }
  out.resize(to);
}

std::string folded(std::string_view text) {
  std::string out;
  fold(text, out);
  return out;
}

Need need_literal(std::string_view literal) {
  if (literal.empty()) return {};
  Need out;
  out.groups.push_back({folded(literal)});
  return out;
}

Need need_match(std::string_view pattern) {
  Need::Group group = match::required_literals(pattern);
  Need out;
  if (!group.empty()) out.groups.push_back(std::move(group));
  return out;
}

}  // namespace m8::operators
