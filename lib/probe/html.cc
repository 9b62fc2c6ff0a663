#include "probe/html.h"

#include <algorithm>
#include <array>

#include "dsl/html_entities.h"

namespace m8::probe {
namespace {

constexpr std::size_t kMaxAttributes = 64;
constexpr std::array<std::string_view, 10> kRawText = {
    "script", "style",   "title",    "textarea", "xmp",
    "iframe", "noembed", "noframes", "noscript", "plaintext"};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

/// Position after \p needle at or behind \p from; the end if there is none.
std::size_t after(std::string_view text, std::string_view needle, std::size_t from) {
  const std::size_t found = text.find(needle, from);
  return found == text.npos ? text.size() : found + needle.size();
}

/// Whether a tag name \p lower_name ends where \p text ends it.
bool names(std::string_view text, std::string_view lower_name) {
  if (text.size() < lower_name.size() ||
      !equals_lower(text.substr(0, lower_name.size()), lower_name))
    return false;
  if (text.size() == lower_name.size()) return true;
  const char c = text[lower_name.size()];
  return is_space(c) || c == '/' || c == '>';
}

}  // namespace

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

bool equals_lower(std::string_view text, std::string_view lower_text) {
  if (text.size() != lower_text.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (lower(text[i]) != lower_text[i]) return false;
  return true;
}

bool HtmlScanner::next() {
  for (;;) {
    const std::size_t open = text_.find('<', at_);
    if (open == text_.npos || open + 1 >= text_.size()) {
      at_ = text_.size();
      return false;
    }
    if (is_letter(text_[open + 1])) return start_tag(open + 1);
    at_ = skip_markup(open + 1);
  }
}

/// Comments, declarations, end tags; a '<' that begins none of these is text.
std::size_t HtmlScanner::skip_markup(std::size_t at) const {
  const std::string_view rest = text_.substr(at);
  if (rest.starts_with("!-->")) return at + 4;
  if (rest.starts_with("!--")) return after(text_, "-->", at + 3);
  const bool end_tag = rest[0] == '/' && rest.size() > 1 && is_letter(rest[1]);
  if (rest[0] == '!' || rest[0] == '?' || (rest[0] == '/' && !end_tag))
    return after(text_, ">", at);
  if (!end_tag) return at;
  HtmlScanner attributes(text_);
  return attributes.read_attributes(
      std::min(text_.find_first_of(" \t\n\f\r/>", at + 1), text_.size()));
}

bool HtmlScanner::start_tag(std::size_t at) {
  const std::size_t end = std::min(text_.find_first_of(" \t\n\f\r/>", at), text_.size());
  name_ = text_.substr(at, end - at);
  content_ = {};
  at_ = read_attributes(end);
  // A tag that the text ends in is none.
  if (at_ == text_.size() && text_.back() != '>') return false;
  if (!self_closing_) read_content();
  return true;
}

/// Reads up to and over the '>' that ends the tag.
std::size_t HtmlScanner::read_attributes(std::size_t at) {
  attributes_.clear();
  self_closing_ = false;
  while (at < text_.size() && text_[at] != '>') {
    if (is_space(text_[at]) || text_[at] == '/') {
      self_closing_ = text_[at] == '/' && at + 1 < text_.size() && text_[at + 1] == '>';
      ++at;
    } else {
      at = read_attribute(at);
    }
  }
  return std::min(at + 1, text_.size());
}

std::size_t HtmlScanner::read_attribute(std::size_t at) {
  HtmlAttribute attribute;
  // A '=' in front belongs to the name.
  std::size_t end = std::min(text_.find_first_of(" \t\n\f\r/>=", at + 1), text_.size());
  attribute.name = text_.substr(at, end - at);
  while (end < text_.size() && is_space(text_[end])) ++end;
  if (end < text_.size() && text_[end] == '=') {
    ++end;
    while (end < text_.size() && is_space(text_[end])) ++end;
    const char quote = end < text_.size() ? text_[end] : '\0';
    if (quote == '"' || quote == '\'') {
      const std::size_t close = std::min(text_.find(quote, end + 1), text_.size());
      attribute.value = text_.substr(end + 1, close - end - 1);
      end = std::min(close + 1, text_.size());
    } else {
      const std::size_t close = std::min(text_.find_first_of(" \t\n\f\r>", end), text_.size());
      attribute.value = text_.substr(end, close - end);
      end = close;
    }
  }
  if (attributes_.size() < kMaxAttributes) attributes_.push_back(attribute);
  return end;
}

void HtmlScanner::read_content() {
  std::string_view raw;
  for (const std::string_view name : kRawText)
    if (equals_lower(name_, name)) raw = name;
  if (raw.empty()) return;
  const std::size_t begin = at_;
  for (std::size_t at = begin;;) {
    const std::size_t close = text_.find("</", at);
    if (close == text_.npos || raw == "plaintext") {
      content_ = text_.substr(begin);
      at_ = text_.size();
      return;
    }
    if (names(text_.substr(close + 2), raw)) {
      content_ = text_.substr(begin, close - begin);
      at_ = close;
      return;
    }
    at = close + 2;
  }
}

bool HtmlScanner::is(std::string_view lower_name) const { return equals_lower(name_, lower_name); }

bool HtmlScanner::attribute(std::string_view lower_name, std::string& value) const {
  for (const HtmlAttribute& attribute : attributes_) {
    if (!equals_lower(attribute.name, lower_name)) continue;
    value = attribute.value.find('&') == std::string_view::npos
                ? std::string(attribute.value)
                : dsl::html_unescape(attribute.value);
    return true;
  }
  return false;
}

}  // namespace m8::probe
