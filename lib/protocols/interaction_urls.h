/// InteractionUrls: the {{interactsh-url}} markers of one generated request (templates 2.3.1, 2.7).
///
/// Belongs to one request; immutable once that is sent.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dsl/variables.h"

namespace m8::oob {
class Correlator;
}

namespace m8::protocols {

/// True if \p text has a marker, its braces plain or percent-encoded.
bool has_interaction_marker(std::string_view text);

class InteractionUrls {
 public:
  /// \p correlator makes the URLs and is borrowed; null: there are none.
  explicit InteractionUrls(oob::Correlator* correlator) : correlator_(correlator) {}

  /// \p text with a new URL in place of each marker. kInvalidArgument if there is a marker and
  /// nobody to make a URL.
  Result<std::string> fill(std::string_view text);

  bool empty() const { return ids_.empty(); }
  /// First labels of the URLs made, in order.
  const std::vector<std::string>& ids() const { return ids_; }
  bool contains(std::string_view id) const;
  /// interactsh-url, interactsh-id (with the marker's suffix) and interactsh-server.
  const dsl::Variables& names() const { return names_; }

 private:
  std::string make(std::string_view suffix);

  oob::Correlator* correlator_;
  std::vector<std::string> ids_;
  dsl::Variables names_;
};

}  // namespace m8::protocols
