// Helpers that make lists or take them (dsl.md 7.1).
#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/search.h"
#include "dsl/function.h"
#include "dsl/number.h"
#include "dsl/unicode.h"

namespace m8::dsl {
namespace {

/// A list has a header of its own for each item, so their number is bounded, too.
constexpr std::size_t kMaxItems = 1u << 20;

Result<Value> joined(std::string_view separator, const List& items) {
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += separator;
    out += items[i];
    M8_TRY(check_size(out.size()));
  }
  return Value(std::move(out));
}

Result<Value> join(const Call& call) {
  if (call.size() < 2) return bad_signature();
  const Text separator(call[0]);
  if (call.size() == 2) {
    const auto* items = call[1].as<List>();
    if (items == nullptr) return bad_argument("cannot cast elements into string");
    return joined(separator, *items);
  }
  List items;
  for (std::size_t i = 1; i < call.size(); ++i) {
    if (call[i].as<List>() != nullptr) {
      return bad_argument("cannot use join on more than one slice element");
    }
    items.push_back(call[i].text());
  }
  return joined(separator, items);
}

Result<Value> chunks(std::string_view text, std::int64_t characters) {
  List out;
  if (characters <= 0 || static_cast<std::uint64_t>(characters) >= text.size()) {
    out.emplace_back(text);
    return Value(std::move(out));
  }
  std::size_t begin = 0;
  std::int64_t held = 0;
  for (std::size_t i = 0; i < text.size();) {
    i += decode(text, i).bytes;
    if (++held < characters && i < text.size()) continue;
    if (out.size() == kMaxItems) return check_size(kMaxResultBytes + 1).error();
    out.emplace_back(text.substr(begin, i - begin));
    begin = i;
    held = 0;
  }
  return Value(std::move(out));
}

/// Go's SplitN: \p limit < 0 all, 0 none; an empty separator splits into characters.
Result<Value> split_by(std::string_view text, std::string_view separator, std::int64_t limit) {
  List out;
  if (limit == 0) return Value(std::move(out));
  const auto full = [&] {
    return out.size() + 1 == kMaxItems ||
           (limit > 0 && out.size() + 1 == static_cast<std::size_t>(limit));
  };
  while (!full()) {
    const bool characters = separator.empty();
    if (characters && text.size() <= (text.empty() ? 0 : decode(text, 0).bytes)) break;
    const std::size_t at = characters ? decode(text, 0).bytes : find_bytes(text, separator);
    if (at == std::string_view::npos) break;
    out.emplace_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  if (!separator.empty() || !text.empty()) out.emplace_back(text);
  return Value(std::move(out));
}

Result<Value> split(const Call& call) {
  if (call.size() < 2 || call.size() > 3) return bad_signature();
  const Text text(call[0]);
  const Text separator(call[1]);
  if (call.size() == 3) {
    const auto limit = parse_integer(Text(call[2]));
    if (!limit) return bad_signature();
    return split_by(text, separator, *limit);
  }
  if (const auto characters = parse_integer(separator)) return chunks(text, *characters);
  return split_by(text, separator, -1);
}

Result<Value> index(const Call& call) {
  const Text position(call[1]);
  const auto at = parse_integer(position);
  if (!at) {
    return bad_argument(
        fmt::format("strconv.Atoi: parsing \"{}\": invalid syntax", position.view()));
  }
  const auto* items = call[0].as<List>();
  const Text text(call[0]);
  const std::size_t size = items != nullptr ? items->size() : text.view().size();
  if (*at < 0 || static_cast<std::size_t>(*at) >= size) {
    return bad_argument(
        fmt::format("index out of range for {}: {}", text.view().substr(0, 1024), *at));
  }
  const auto i = static_cast<std::size_t>(*at);
  return items != nullptr ? Value((*items)[i]) : Value(text.view().substr(i, 1));
}

Result<Value> length(const Call& call) {
  if (const auto* items = call[0].as<List>()) return Value(static_cast<double>(items->size()));
  return Value(static_cast<double>(Text(call[0]).view().size()));
}

List texts(const Call& call) {
  List out;
  for (std::size_t i = 0; i < call.size(); ++i) out.push_back(call[i].text());
  return out;
}

std::string encoded(const std::u32string& text) {
  std::string out;
  for (const char32_t c : text) append_utf8(out, c);
  return out;
}

Result<Value> sort(const Call& call) {
  if (call.size() == 0) return bad_signature();
  if (call.size() == 1) {
    std::u32string characters = code_points(Text(call[0]));
    std::sort(characters.begin(), characters.end());
    return Value(encoded(characters));
  }
  List items = texts(call);
  std::sort(items.begin(), items.end());
  return Value(std::move(items));
}

template <typename Sequence>
Sequence without_repeats(const Sequence& items) {
  Sequence out;
  std::unordered_set<typename Sequence::value_type> seen;
  for (const auto& item : items) {
    if (seen.insert(item).second) out.push_back(item);
  }
  return out;
}

Result<Value> uniq(const Call& call) {
  if (call.size() == 0) return bad_signature();
  if (call.size() == 1) return Value(encoded(without_repeats(code_points(Text(call[0])))));
  return Value(without_repeats(texts(call)));
}

constexpr Function kFunctions[] = {
    {"join", -1, join, "(separator string, elements ...interface{}) string"},
    {"split", -1, split, "(input string, separator interface{}, optionalChunkSize int) []string"},
    {"index", 2, index},
    {"len", 1, length},
    {"sort", -1, sort, "(elements ...interface{}) []interface{}"},
    {"uniq", -1, uniq, "(elements ...interface{}) []interface{}"},
};

}  // namespace

std::span<const Function> list_functions() { return kFunctions; }

}  // namespace m8::dsl
