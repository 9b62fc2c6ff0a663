// Text helpers (dsl.md 7.1). Those that make or take lists are in functions_list.cc.
#include <algorithm>
#include <bitset>

#include "base/search.h"
#include "dsl/function.h"
#include "dsl/number.h"
#include "dsl/unicode.h"

namespace m8::dsl {
namespace {

/// What is asked of a piece of text and one of the other arguments.
using Test = bool (*)(std::string_view, std::string_view);

bool has(std::string_view text, std::string_view part) {
  return find_bytes(text, part) != std::string_view::npos;
}
bool begins(std::string_view text, std::string_view part) { return text.starts_with(part); }
bool ends(std::string_view text, std::string_view part) { return text.ends_with(part); }
bool same(std::string_view text, std::string_view other) { return text == other; }

bool any(const Call& call, std::string_view text, Test test) {
  for (std::size_t i = 1; i < call.size(); ++i) {
    if (test(text, Text(call[i]))) return true;
  }
  return false;
}

/// Whether the first argument passes \p test with any of the others.
Result<Value> first_with_any(const Call& call, Test test) {
  if (call.size() < 2) return bad_signature();
  return Value(any(call, Text(call[0]), test));
}

/// The same for any of its lines.
Result<Value> line_with_any(const Call& call, Test test) {
  if (call.size() < 2) return bad_signature();
  const Text text(call[0]);
  std::string_view rest = text;
  while (true) {
    const std::size_t end = rest.find('\n');
    if (any(call, rest.substr(0, end), test)) return Value(true);
    if (end == std::string_view::npos) return Value(false);
    rest.remove_prefix(end + 1);
  }
}

Result<Value> contains(const Call& call) { return Value(has(Text(call[0]), Text(call[1]))); }

Result<Value> contains_all(const Call& call) {
  if (call.size() == 0) return bad_signature();
  const Text text(call[0]);
  for (std::size_t i = 1; i < call.size(); ++i) {
    if (!has(text, Text(call[i]))) return Value(false);
  }
  return Value(true);
}

Result<Value> contains_any(const Call& call) {
  if (call.size() == 0) return bad_signature();
  return Value(any(call, Text(call[0]), has));
}

Result<Value> starts_with(const Call& call) { return first_with_any(call, begins); }
Result<Value> ends_with(const Call& call) { return first_with_any(call, ends); }
Result<Value> equals_any(const Call& call) { return first_with_any(call, same); }
Result<Value> line_starts_with(const Call& call) { return line_with_any(call, begins); }
Result<Value> line_ends_with(const Call& call) { return line_with_any(call, ends); }

Result<Value> lower_case(const Call& call) { return Value(to_lower(Text(call[0]))); }
Result<Value> upper_case(const Call& call) { return Value(to_upper(Text(call[0]))); }

/// True if words go on over \p c between two letters (UAX 29: MidLetter, MidNumLet).
bool joins_letters(char32_t c) {
  return std::u32string_view(U"'.:\u00B7\u2018\u2019\u2024\u2027").find(c) != std::u32string::npos;
}

/// The languages with casing of their own.
struct Casing {
  bool dutch;   ///< "ij" is one letter
  bool turkic;  ///< i has a capital with a dot, I a small letter without
};

Casing casing_of(std::string_view language) {
  const std::string tag = to_lower(language);
  const std::string_view primary = std::string_view(tag).substr(0, tag.find_first_of("-_"));
  return {primary == "nl", primary == "tr" || primary == "az"};
}

/// The title case of the first letter of a word, as far as it is not the upper case.
void append_title(std::string& out, char32_t c, const Casing& casing) {
  constexpr char32_t kDottedCapital = 0x130;
  if (c == 0xDF) {  // sharp s
    out += "Ss";
  } else {
    append_utf8(out, c == 'i' && casing.turkic ? kDottedCapital : upper(c));
  }
}

/// Capital sigma is written otherwise at the end of a word.
char32_t lower_inside(char32_t c, bool last, const Casing& casing) {
  constexpr char32_t kSigma = 0x3A3, kFinalSigma = 0x3C2, kDotless = 0x131;
  if (c == 'I' && casing.turkic) return kDotless;
  return c == kSigma && last ? kFinalSigma : lower(c);
}

/// Title case: the first letter of each word upper, the rest lower.
Result<Value> title_case(const Call& call) {
  if (call.size() == 0 || call.size() > 2) return bad_signature();
  const Casing casing = call.size() == 2 ? casing_of(Text(call[1])) : Casing{};
  const std::u32string text = code_points(Text(call[0]));
  const auto letter_at = [&text](std::size_t i) { return i < text.size() && is_letter(text[i]); };
  std::string out;
  bool in_word = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool first = letter_at(i) && !in_word;
    if (first) {
      append_title(out, text[i], casing);
    } else {
      append_utf8(out, lower_inside(text[i], !letter_at(i + 1), casing));
    }
    if (first && casing.dutch && lower(text[i]) == 'i' && i + 1 < text.size() &&
        lower(text[i + 1]) == 'j') {
      append_utf8(out, upper(text[++i]));
    }
    const bool joins = joins_letters(text[i]) && letter_at(i + 1) && i > 0 && letter_at(i - 1);
    const bool inside = joins || is_digit(text[i]) || text[i] == '_';
    in_word = letter_at(i) || (in_word && inside);
  }
  return Value(std::move(out));
}

Result<Value> concat(const Call& call) {
  std::string out;
  for (std::size_t i = 0; i < call.size(); ++i) {
    const Text part(call[i]);
    M8_TRY(check_size(out.size() + part.view().size()));
    out += part.view();
  }
  return Value(std::move(out));
}

/// Go's ReplaceAll with an empty text to look for: between all characters.
std::string interleave(std::string_view text, std::string_view with) {
  std::string out(with);
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t bytes = decode(text, i).bytes;
    out.append(text.substr(i, bytes)).append(with);
    i += bytes;
  }
  return out;
}

/// string_view::find() takes O(text x part) for texts that are made for it.
std::size_t find_from(std::string_view text, std::string_view part, std::size_t from) {
  const std::size_t at = find_bytes(text.substr(from), part);
  return at == std::string_view::npos ? at : from + at;
}

std::size_t occurrences(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = find_bytes(text, part); at != std::string_view::npos;
       at = find_from(text, part, at + part.size())) {
    ++count;
  }
  return count;
}

Result<Value> replace(const Call& call) {
  const Text source(call[0]);
  const Text old_text(call[1]);
  const Text new_text(call[2]);
  const std::string_view text = source;
  const std::string_view part = old_text;
  const std::string_view with = new_text;
  const std::size_t hits = part.empty() ? text.size() + 1 : occurrences(text, part);
  if (hits == 0) return Value(text);
  M8_TRY(check_size(text.size() + hits * with.size()));
  if (part.empty()) return Value(interleave(text, with));
  std::string out;
  std::size_t from = 0;
  for (std::size_t at = find_bytes(text, part); at != std::string_view::npos;
       at = find_from(text, part, from)) {
    out.append(text.substr(from, at - from)).append(with);
    from = at + part.size();
  }
  out.append(text.substr(from));
  return Value(std::move(out));
}

Result<Value> replace_regex(const Call& call) {
  const Regex pattern = M8_TRY(call.regex(1));
  const Text text(call[0]);
  const Text replacement(call[2]);
  // At worst every character is a match; the estimate may be far above the result.
  constexpr std::size_t kSlack = 16;
  const std::string_view with = replacement;
  M8_TRY(check_size((text.view().size() + 1) * (with.size() + 1) / kSlack));
  std::string out = pattern.replace_all(text, with);
  M8_TRY(check_size(out.size()));
  return Value(std::move(out));
}

Result<Value> regex(const Call& call) {
  const Regex pattern = M8_TRY(call.regex(0));
  return Value(pattern.search(Text(call[1])));
}

Result<Value> regex_count(const Call& call, bool all) {
  if (call.size() < 2) return bad_signature();
  const Regex pattern = M8_TRY(call.regex(0));
  for (std::size_t i = 1; i < call.size(); ++i) {
    if (pattern.search(Text(call[i])) != all) return Value(!all);
  }
  return Value(all);
}

Result<Value> regex_all(const Call& call) { return regex_count(call, true); }
Result<Value> regex_any(const Call& call) { return regex_count(call, false); }

/// Code points, found in a time that does not grow with their number.
class CharacterSet {
 public:
  explicit CharacterSet(std::string_view text) {
    for (const char32_t c : code_points(text)) {
      if (c < ascii_.size()) {
        ascii_.set(c);
      } else {
        others_.push_back(c);
      }
    }
    std::sort(others_.begin(), others_.end());
  }
  bool has(char32_t c) const {
    if (c < ascii_.size()) return ascii_.test(c);
    return std::binary_search(others_.begin(), others_.end(), c);
  }

 private:
  std::bitset<128> ascii_;
  std::u32string others_;
};

std::string_view trim_left_of(std::string_view text, const CharacterSet& set) {
  while (!text.empty()) {
    const CodePoint c = decode(text, 0);
    if (!set.has(c.value)) break;
    text.remove_prefix(c.bytes);
  }
  return text;
}

std::string_view trim_right_of(std::string_view text, const CharacterSet& set) {
  while (!text.empty()) {
    const std::size_t last = whole_prefix(text, text.size() - 1);
    const CodePoint c = decode(text, last);
    const bool whole = last + c.bytes == text.size();
    if (!set.has(whole ? c.value : kReplacement)) break;
    text.remove_suffix(whole ? c.bytes : 1);
  }
  return text;
}

Result<Value> trim(const Call& call) {
  const CharacterSet set{Text(call[1])};
  return Value(trim_right_of(trim_left_of(Text(call[0]), set), set));
}

Result<Value> trim_left(const Call& call) {
  return Value(trim_left_of(Text(call[0]), CharacterSet(Text(call[1]))));
}

Result<Value> trim_right(const Call& call) {
  return Value(trim_right_of(Text(call[0]), CharacterSet(Text(call[1]))));
}

Result<Value> trim_white(const Call& call) { return Value(trim_space(Text(call[0]))); }

Result<Value> trim_prefix(const Call& call) {
  const Text text(call[0]);
  const Text prefix(call[1]);
  return Value(text.view().starts_with(prefix) ? text.view().substr(prefix.view().size())
                                               : text.view());
}

Result<Value> trim_suffix(const Call& call) {
  const Text text(call[0]);
  const Text suffix(call[1]);
  const std::size_t kept = text.view().size() - suffix.view().size();
  return Value(text.view().ends_with(suffix) ? text.view().substr(0, kept) : text.view());
}

Result<Value> remove_bad_chars(const Call& call) {
  const CharacterSet set{Text(call[1])};
  const Text source(call[0]);
  const std::string_view text = source;
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode(text, i);
    if (!set.has(c.value)) out += text.substr(i, c.bytes);
    i += c.bytes;
  }
  return Value(std::move(out));
}

Result<Value> reverse(const Call& call) {
  std::u32string text = code_points(Text(call[0]));
  std::string out;
  for (auto it = text.rbegin(); it != text.rend(); ++it) append_utf8(out, *it);
  return Value(std::move(out));
}

Result<Value> repeat(const Call& call) {
  const auto count = parse_integer(Text(call[1]));
  if (!count) return bad_signature();
  if (*count < 0) return bad_argument("negative repeat count");
  const Text text(call[0]);
  const auto times = static_cast<std::size_t>(*count);
  if (text.view().empty()) return Value("");
  M8_TRY(check_size(std::max(times, times * text.view().size())));
  if (times > kMaxResultBytes) return check_size(times).error();
  std::string out;
  out.reserve(times * text.view().size());
  for (std::size_t i = 0; i < times; ++i) out += text.view();
  return Value(std::move(out));
}

Result<Value> substr(const Call& call) {
  if (call.size() < 2 || call.size() > 3) return bad_signature();
  const Text source(call[0]);
  const std::string_view text = source;
  if (text.empty()) return bad_argument("empty string");
  const auto start = call.integer(1);
  if (!start.ok()) return start.error().with_context("invalid start position");
  const auto size = static_cast<std::int64_t>(text.size());
  if (*start < 0) return bad_argument("invalid start position: negative");
  if (*start > size) return bad_argument("start position bigger than slice length");
  if (call.size() == 2) return Value(text.substr(static_cast<std::size_t>(*start)));
  const auto end = call.integer(2);
  if (!end.ok()) return end.error().with_context("invalid end position");
  if (*end < 0) return bad_argument("negative end position");
  if (*end < *start) return bad_argument("end position before start");
  if (*end > size) return bad_argument("end position bigger than slice length start");
  return Value(
      text.substr(static_cast<std::size_t>(*start), static_cast<std::size_t>(*end - *start)));
}

/// The pad text over and over, cut at \p bytes.
std::string cycled(std::string_view pad, std::size_t bytes) {
  std::string out;
  out.reserve(bytes);
  while (out.size() < bytes) out += pad.substr(0, bytes - out.size());
  return out;
}

Result<Value> padding(const Call& call) {
  const Text text(call[0]);
  const Text pad(call[1]);
  const Text mode(call[3]);
  if (pad.view().empty()) return bad_argument("invalid padding byte");
  const auto wanted = call.integer(2);
  if (!wanted.ok() || *wanted <= 0) return bad_argument("invalid padding length");
  const auto bytes = static_cast<std::size_t>(*wanted);
  if (text.view().size() >= bytes) return Value(text.view());
  M8_TRY(check_size(bytes));
  const std::string fill = cycled(pad, bytes - text.view().size());
  if (mode.view() == "prefix") return Value(fill + text.str());
  if (mode.view() == "suffix") return Value(text.str() + fill);
  return bad_argument("padding mode must be 'prefix' or 'suffix'");
}

Result<Value> count(const Call& call) {
  if (call.size() != 2) return bad_signature();
  const Text text(call[0]);
  const Text part(call[1]);
  const std::size_t hits =
      part.view().empty() ? count_code_points(text) + 1 : occurrences(text, part);
  return Value(static_cast<std::int64_t>(hits));
}

constexpr Function kFunctions[] = {
    {"contains", 2, contains},
    {"contains_all", -1, contains_all, "(body interface{}, substrs ...string) bool"},
    {"contains_any", -1, contains_any, "(body interface{}, substrs ...string) bool"},
    {"starts_with", -1, starts_with, "(str string, prefix ...string) bool"},
    {"ends_with", -1, ends_with, "(str string, suffix ...string) bool"},
    {"line_starts_with", -1, line_starts_with, "(str string, prefix ...string) bool"},
    {"line_ends_with", -1, line_ends_with, "(str string, suffix ...string) bool"},
    {"equals_any", -1, equals_any, "(s interface{}, subs ...interface{}) bool"},
    {"to_lower", 1, lower_case},
    {"to_upper", 1, upper_case},
    {"to_title", -1, title_case, "(s, optionalLang string) string"},
    {"concat", -1, concat, "(args ...interface{}) string"},
    {"replace", 3, replace},
    {"replace_regex", 3, replace_regex, {}, true, 1},
    {"regex", 2, regex, {}, true, 0},
    {"regex_all", -1, regex_all, "(pattern string, inputs ...string) bool", true, 0},
    {"regex_any", -1, regex_any, "(pattern string, inputs ...string) bool", true, 0},
    {"trim", 2, trim},
    {"trim_left", 2, trim_left},
    {"trim_right", 2, trim_right},
    {"trim_space", 1, trim_white},
    {"trim_prefix", 2, trim_prefix},
    {"trim_suffix", 2, trim_suffix},
    {"remove_bad_chars", 2, remove_bad_chars},
    {"reverse", 1, reverse},
    {"repeat", 2, repeat},
    {"substr", -1, substr, "(str string, start int, optionalEnd int) string"},
    {"padding", 4, padding},
    {"count", -1, count, "(str, substr string) int"},
};

}  // namespace

std::span<const Function> string_functions() { return kFunctions; }

}  // namespace m8::dsl
