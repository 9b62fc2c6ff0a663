/// Selector: CSS selectors that a start tag alone decides, for fingerprints (Selectors Level 3).
///
/// A type, #id, .class, and attributes: [a], [a=v], [a~=v], [a|=v], [a^=v], [a$=v], [a*=v], any
/// number of them together. What needs a tree or a browser (combinators, pseudo-classes) is not
/// understood. Plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "probe/html.h"

namespace m8::probe {

class Selector {
 public:
  /// The selectors of a list with commas. kUnsupported for one that a tag alone does not decide,
  /// kInvalidArgument for one that is none: those are left out, and \p refused counts them.
  static std::vector<Selector> parse_list(std::string_view text, std::size_t& refused);
  static Result<Selector> parse(std::string_view text);

  bool matches(const HtmlScanner& tag) const;
  /// What a page in lower case holds if it matches anywhere, the longest there is; may be empty.
  std::string literal() const;

 private:
  struct Attribute {
    std::string name;  ///< lower case
    char test = 0;     ///< 0 is there; '=', '~', '|', '^', '$', '*'
    std::string value;
  };
  static bool holds(const Attribute& wanted, std::string_view value);
  Status parse_attribute(std::string_view inside);

  std::string type_;  ///< lower case; empty or "*" for any
  std::vector<Attribute> attributes_;
};

}  // namespace m8::probe
