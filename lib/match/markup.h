/// Markup: an HTML or XML document that XPath expressions select from (libxml2, bounded).
///
/// Nothing is fetched, entities stay as they are, and libxml2's own limits hold (depth 256, text
/// nodes of 10 MB).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct _xmlDoc;

namespace m8::match {

/// Movable; one thread at a time.
class Markup {
 public:
  /// XML if \p text starts with `<?xml`, else HTML, whose errors are mended. Empty: XML that is not
  /// well formed, an empty text, or one above 16 MiB.
  static std::optional<Markup> parse(std::string_view text);
  Markup(Markup&&) noexcept;
  ~Markup();

  /// The text inside of each node that \p xpath selects, or its \p attribute if one is named (""
  /// where it has none), in document order. Names without a prefix match in any default namespace.
  /// `matches(text, pattern)` of XPath 2.0 is known too.
  /// kInvalidArgument: no XPath 1.0, or it selects no nodes but a value; kExhausted: it took more
  /// than 10 million steps.
  Result<std::vector<std::string>> select(const std::string& xpath,
                                          const std::string& attribute = {}) const;

 private:
  struct Free {
    void operator()(_xmlDoc* document) const;
  };
  explicit Markup(_xmlDoc* document) : document_(document) {}

  std::unique_ptr<_xmlDoc, Free> document_;
};

}  // namespace m8::match
