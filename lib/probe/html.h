/// HTML as bytes of a stranger: start tags one after the other, with what raw text elements hold.
///
/// It follows the tokenizer of HTML 5 (13.2.5) as far as tags, attributes, comments and raw text
/// go; no tree is built. One thread; nothing is allocated but what the caller keeps.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace m8::probe {

/// One attribute of a tag as it stands in the text: name in the author's case, value undecoded.
struct HtmlAttribute {
  std::string_view name;
  std::string_view value;
};

class HtmlScanner {
 public:
  /// \p text is borrowed for the scanner's life.
  explicit HtmlScanner(std::string_view text) : text_(text) {}

  /// The next start tag. False at the end. After a tag whose content is raw text (script, style,
  /// title, textarea, xmp, iframe, noembed, noframes, noscript, plaintext) its content is passed
  /// over and given by content(). Amortised O(bytes passed).
  bool next();

  /// Whether the tag's name is \p lower_name.
  bool is(std::string_view lower_name) const;
  std::string_view name() const { return name_; }
  /// In order; at most 64, what follows is left out.
  const std::vector<HtmlAttribute>& attributes() const { return attributes_; }
  /// The decoded value of the first attribute \p lower_name. False if there is none.
  bool attribute(std::string_view lower_name, std::string& value) const;
  /// Undecoded text between a raw text element's tags; empty for other tags.
  std::string_view content() const { return content_; }

 private:
  bool start_tag(std::size_t at);
  std::size_t skip_markup(std::size_t at) const;
  std::size_t read_attributes(std::size_t at);
  std::size_t read_attribute(std::size_t at);
  void read_content();

  std::string_view text_;
  std::size_t at_ = 0;
  std::string_view name_;
  std::string_view content_;
  std::vector<HtmlAttribute> attributes_;
  bool self_closing_ = false;
};

/// ASCII letters to lower case.
std::string lower_ascii(std::string_view text);
/// ASCII case-insensitive equality with \p lower, which is in lower case.
bool equals_lower(std::string_view text, std::string_view lower);

}  // namespace m8::probe
