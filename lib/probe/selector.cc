#include "probe/selector.h"

#include <algorithm>

#include "base/file.h"

namespace m8::probe {
namespace {

constexpr std::size_t kMaxSelectors = 64;

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

Error unsupported(std::string_view text) {
  return {ErrorCode::kUnsupported, "selector needs a tree: " + std::string(text)};
}

Error invalid(std::string_view text) {
  return {ErrorCode::kInvalidArgument, "not a selector: " + std::string(text)};
}

/// A name at the beginning of \p text, which is taken off.
std::string take_name(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && is_name_byte(text[end])) ++end;
  std::string name(text.substr(0, end));
  text.remove_prefix(end);
  return name;
}

std::string_view without_quotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && (text[0] == '\'' || text[0] == '"');
  return quoted && text.back() == text[0] ? text.substr(1, text.size() - 2) : text;
}

/// Where the first of \p wanted stands outside of brackets and quotes.
std::size_t find_outside(std::string_view text, char wanted) {
  char quote = 0;
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (depth > 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '[') {
      ++depth;
    } else if (c == ']') {
      --depth;
    } else if (c == wanted && depth == 0) {
      return i;
    }
  }
  return text.npos;
}

/// Where the bracket ends that \p text stands in.
std::size_t find_bracket(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quote != 0) {
      if (text[i] == quote) quote = 0;
    } else if (text[i] == '\'' || text[i] == '"') {
      quote = text[i];
    } else if (text[i] == ']') {
      return i;
    }
  }
  return text.npos;
}

bool has_word(std::string_view text, std::string_view word) {
  constexpr std::string_view kSpace = " \t\n\f\r";
  for (std::size_t at = text.find_first_not_of(kSpace); at != text.npos;
       at = text.find_first_not_of(kSpace, at)) {
    const std::size_t end = std::min(text.find_first_of(kSpace, at), text.size());
    if (text.substr(at, end - at) == word) return true;
    at = end;
  }
  return false;
}

}  // namespace

std::vector<Selector> Selector::parse_list(std::string_view text, std::size_t& refused) {
  std::vector<Selector> out;
  while (!text.empty() && out.size() < kMaxSelectors) {
    const std::size_t comma = find_outside(text, ',');
    auto one = parse(trim(text.substr(0, comma)));
    if (one.ok()) {
      out.push_back(std::move(one).value());
    } else {
      ++refused;
    }
    text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
  }
  return out;
}

Result<Selector> Selector::parse(std::string_view text) {
  const std::string_view whole = text;
  Selector out;
  if (text.starts_with('*')) {
    text.remove_prefix(1);
  } else {
    out.type_ = lower_ascii(take_name(text));
  }
  while (!text.empty()) {
    const char kind = text[0];
    text.remove_prefix(1);
    if (kind == '#' || kind == '.') {
      std::string name = take_name(text);
      if (name.empty()) return invalid(whole);
      out.attributes_.push_back({kind == '#' ? "id" : "class", kind == '#' ? '=' : '~', name});
    } else if (kind == '[') {
      const std::size_t end = find_bracket(text);
      if (end == text.npos) return invalid(whole);
      M8_TRY(out.parse_attribute(trim(text.substr(0, end))));
      text.remove_prefix(end + 1);
    } else {
      return unsupported(whole);
    }
  }
  if (out.type_.empty() && out.attributes_.empty()) return invalid(whole);
  return out;
}

Status Selector::parse_attribute(std::string_view inside) {
  Attribute attribute;
  std::string_view rest = inside;
  attribute.name = lower_ascii(take_name(rest));
  rest = trim(rest);
  if (attribute.name.empty()) return invalid(inside);
  if (!rest.empty()) {
    if (rest[0] != '=' && (rest.size() < 2 || rest[1] != '=')) return invalid(inside);
    attribute.test = rest[0];
    rest.remove_prefix(rest[0] == '=' ? 1 : 2);
    if (std::string_view("=~|^$*").find(attribute.test) == std::string_view::npos)
      return invalid(inside);
    attribute.value = without_quotes(trim(rest));
  }
  attributes_.push_back(std::move(attribute));
  return {};
}

bool Selector::holds(const Attribute& wanted, std::string_view value) {
  const std::string_view text = wanted.value;
  switch (wanted.test) {
    case 0:
      return true;
    case '=':
      return value == text;
    case '~':
      return has_word(value, text);
    case '|':
      return value == text || (value.starts_with(text) && value.substr(text.size(), 1) == "-");
    case '^':
      return !text.empty() && value.starts_with(text);
    case '$':
      return !text.empty() && value.ends_with(text);
    default:
      return !text.empty() && value.find(text) != value.npos;
  }
}

bool Selector::matches(const HtmlScanner& tag) const {
  if (!type_.empty() && !tag.is(type_)) return false;
  std::string value;
  return std::all_of(attributes_.begin(), attributes_.end(), [&](const Attribute& wanted) {
    return tag.attribute(wanted.name, value) && holds(wanted, value);
  });
}

std::string Selector::literal() const {
  std::string longest = type_.empty() ? std::string() : "<" + type_;
  for (const Attribute& attribute : attributes_) {
    // A value may be written with references (&amp;): its part before them is as it is.
    const std::string value = lower_ascii(attribute.value);
    const std::string_view plain = std::string_view(value).substr(0, value.find_first_of("&<>\"'"));
    for (const std::string_view text : {std::string_view(attribute.name), plain})
      if (text.size() > longest.size()) longest = text;
  }
  return longest;
}

}  // namespace m8::probe
