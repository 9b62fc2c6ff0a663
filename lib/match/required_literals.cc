#include "match/required_literals.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace m8::match {
namespace {

constexpr std::size_t kMaxSet = 16;
constexpr std::size_t kMaxLength = 64;
constexpr std::size_t kMinLength = 2;
constexpr std::size_t kMaxClass = 4;
constexpr int kMaxDepth = 50;

using Set = std::vector<std::string>;

/// What is known of a part of the pattern.
struct Known {
  std::optional<Set> exact;  ///< all texts that it matches
  Set best;                  ///< one of these is in every match; empty = nothing is known
};

/// The length of the shortest literal counts, then fewer of them.
std::size_t worth(const Set& set) {
  if (set.empty()) return 0;
  std::size_t shortest = kMaxLength;
  for (const std::string& literal : set) shortest = std::min(shortest, literal.size());
  return shortest * (kMaxSet + 1) + (kMaxSet - set.size());
}

void keep_better(Set& best, Set candidate) {
  if (worth(candidate) > worth(best)) best = std::move(candidate);
}

void make_distinct(Set& set) {
  std::sort(set.begin(), set.end());
  set.erase(std::unique(set.begin(), set.end()), set.end());
}

/// What the part requires: its exact texts, or the best of its parts.
Set required(const Known& known) {
  Set set = known.best;
  if (known.exact && std::none_of(known.exact->begin(), known.exact->end(),
                                  [](const std::string& text) { return text.empty(); }))
    keep_better(set, *known.exact);
  return set;
}

/// Every text of \p left before every text of \p right; empty if that is too much.
std::optional<Set> cross(const Set& left, const Set& right) {
  if (left.size() * right.size() > kMaxSet) return std::nullopt;
  Set out;
  for (const std::string& a : left) {
    for (const std::string& b : right) {
      if (a.size() + b.size() > kMaxLength) return std::nullopt;
      out.push_back(a + b);
    }
  }
  make_distinct(out);
  return out;
}

/// Recursive descent over RE2's syntax. What it does not understand makes it give up.
class Parser {
 public:
  explicit Parser(std::string_view pattern) : text_(pattern) {}

  std::optional<Known> parse() {
    auto known = alternation(0);
    return at_ == text_.size() && good_ ? known : std::nullopt;
  }

 private:
  bool more() const { return at_ < text_.size(); }
  char peek() const { return text_[at_]; }
  std::optional<Known> give_up() {
    good_ = false;
    return std::nullopt;
  }
  static Known exactly(std::string text) { return {Set{std::move(text)}, {}}; }
  static Known anything() { return {}; }

  std::optional<Known> alternation(int depth) {
    if (depth > kMaxDepth) return give_up();
    auto all = concatenation(depth);
    while (all && more() && peek() == '|') {
      ++at_;
      const auto next = concatenation(depth);
      if (!next) return std::nullopt;
      all = either(*all, *next);
    }
    return all;
  }

  static Known either(const Known& a, const Known& b) {
    Known out;
    if (a.exact && b.exact && a.exact->size() + b.exact->size() <= kMaxSet) {
      out.exact = *a.exact;
      out.exact->insert(out.exact->end(), b.exact->begin(), b.exact->end());
      make_distinct(*out.exact);
    }
    const Set left = required(a), right = required(b);
    if (!left.empty() && !right.empty() && left.size() + right.size() <= kMaxSet) {
      out.best = left;
      out.best.insert(out.best.end(), right.begin(), right.end());
      make_distinct(out.best);
    }
    return out;
  }

  std::optional<Known> concatenation(int depth) {
    Set run{""};  // the exact texts of what was read since the last part that has none
    bool all_exact = true;
    Known out;
    const auto end_run = [&] {
      keep_better(out.best, required(Known{run, {}}));
      run = {""};
    };
    while (more() && peek() != '|' && peek() != ')') {
      auto part = repeated(depth);
      if (!part) return std::nullopt;
      keep_better(out.best, part->best);
      auto joined = part->exact ? cross(run, *part->exact) : std::nullopt;
      if (joined) {
        run = std::move(*joined);
        continue;
      }
      all_exact = false;
      end_run();
      if (part->exact) run = std::move(*part->exact);
    }
    if (all_exact) {
      out.exact = std::move(run);
    } else {
      end_run();
    }
    return out;
  }

  std::optional<Known> repeated(int depth) {
    auto part = atom(depth);
    while (part && more()) {
      std::size_t least = 0;
      if (!quantifier(least)) break;
      part = least == 0 ? optional_part(std::move(*part), last_was_question_)
                        : Known{std::nullopt, required(*part)};
    }
    return part;
  }

  static Known optional_part(Known part, bool once) {
    if (!once || !part.exact || part.exact->size() >= kMaxSet) return anything();
    part.exact->push_back("");
    make_distinct(*part.exact);
    part.best.clear();
    return part;
  }

  /// Reads ?, *, + or {n,m} and a following ? for laziness. False if none is there.
  bool quantifier(std::size_t& least) {
    const char c = peek();
    last_was_question_ = c == '?';
    if (c == '?' || c == '*' || c == '+') {
      least = c == '+' ? 1 : 0;
      ++at_;
    } else if (c != '{' || !counted(least)) {
      return false;
    }
    if (more() && peek() == '?') ++at_;
    return true;
  }

  /// {n}, {n,} or {n,m}; a brace that is none of these is a literal.
  bool counted(std::size_t& least) {
    std::size_t i = at_ + 1;
    const auto digits = [&] {
      const std::size_t begin = i;
      while (i < text_.size() && std::isdigit(static_cast<unsigned char>(text_[i]))) ++i;
      return text_.substr(begin, i - begin);
    };
    const std::string_view lower = digits();
    if (lower.empty() || i >= text_.size()) return false;
    if (text_[i] == ',') {
      ++i;
      digits();
    }
    if (i >= text_.size() || text_[i] != '}') return false;
    least = lower.find_first_not_of('0') == lower.npos ? 0 : 1;
    at_ = i + 1;
    return true;
  }

  std::optional<Known> atom(int depth) {
    const char c = text_[at_++];
    switch (c) {
      case '(':
        return group(depth);
      case '[':
        return character_class();
      case '.':
        return anything();
      case '^':
      case '$':
        return exactly("");
      case '\\':
        return escape();
      case '?':
      case '*':
      case '+':
        return give_up();
      default:
        return literal(c);
    }
  }

  static Known literal(char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) return anything();  // folding beyond ASCII is not done here
    return exactly(std::string(1, static_cast<char>(std::tolower(byte))));
  }

  std::optional<Known> group(int depth) {
    if (more() && peek() == '?') {
      // (?:...), (?P<name>...) and flags that change nothing here; look-around is not RE2's.
      const std::size_t end = text_.find_first_of(":>)=!", at_);
      if (end == text_.npos || text_[end] == '=' || text_[end] == '!') return give_up();
      if (text_.substr(at_, end - at_).find_first_of("xU") != text_.npos && text_[end] != '>')
        return give_up();
      at_ = end + 1;
      if (text_[end] == ')') return exactly("");
    }
    auto inner = alternation(depth + 1);
    if (!inner || !more() || peek() != ')') return give_up();
    ++at_;
    return inner;
  }

  std::optional<Known> escape() {
    if (!more()) return give_up();
    const char c = text_[at_++];
    if (std::isdigit(static_cast<unsigned char>(c))) return give_up();
    if (!std::isalpha(static_cast<unsigned char>(c))) return literal(c);
    switch (c) {
      case 'b':
      case 'B':
      case 'A':
      case 'z':
        return exactly("");
      case 'n':
        return exactly("\n");
      case 't':
        return exactly("\t");
      case 'r':
        return exactly("\r");
      case 'd':
      case 'D':
      case 'w':
      case 'W':
      case 's':
      case 'S':
        return anything();
      default:
        return give_up();  // \x, \p, \Q and other rare ones
    }
  }

  /// A class of a few plain characters is a set; any other may be anything.
  std::optional<Known> character_class() {
    Set members;
    bool plain = true;
    if (more() && peek() == '^') {
      plain = false;
      ++at_;
    }
    for (bool first = true; more() && (first || peek() != ']'); first = false) {
      char c = text_[at_++];
      if (c == '[' && more() && peek() == ':') {
        const std::size_t end = text_.find(":]", at_);
        if (end == text_.npos) return give_up();
        at_ = end + 2;
        plain = false;
        continue;
      }
      if (c == '\\' && more()) {
        c = text_[at_++];
        plain &= !std::isalnum(static_cast<unsigned char>(c));
      }
      if (more() && peek() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']') plain = false;
      plain &= static_cast<unsigned char>(c) < 0x80;
      if (plain)
        members.emplace_back(1, static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    }
    if (!more()) return give_up();
    ++at_;
    make_distinct(members);
    if (!plain || members.empty() || members.size() > kMaxClass) return anything();
    return Known{std::move(members), {}};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool good_ = true;
  bool last_was_question_ = false;
};

/// Most patterns of long lists are a plain text.
bool is_plain(std::string_view pattern) {
  if (pattern.size() > kMaxLength) return false;
  return std::all_of(pattern.begin(), pattern.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x80 &&
           std::string_view("\\^$.|?*+()[]{}").find(c) == std::string_view::npos;
  });
}

}  // namespace

std::vector<std::string> required_literals(std::string_view pattern) {
  if (is_plain(pattern)) {
    if (pattern.size() < kMinLength) return {};
    std::string literal(pattern);
    for (char& c : literal) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return {std::move(literal)};
  }
  const auto known = Parser(pattern).parse();
  if (!known) return {};
  Set set = required(*known);
  for (const std::string& literal : set)
    if (literal.size() < kMinLength) return {};
  return set;
}

}  // namespace m8::match
