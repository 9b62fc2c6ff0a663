/// Page: what one pass over an HTML body finds for the probe: title, scripts, meta data, icons.
///
/// All text is a copy; bounded in number and size whatever the body holds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace m8::probe {

struct Page {
  /// Of <link rel~=icon>, in the order in which a favicon is looked for: .ico first.
  std::vector<std::string> icons;
  std::vector<std::string> scripts;                        ///< src of <script>, decoded
  std::vector<std::pair<std::string, std::string>> metas;  ///< name and content of <meta>, decoded
  std::vector<std::string> policies;                       ///< content security policies of <meta>
  std::string base;                                        ///< href of the first <base>
  std::string title;                                       ///< as shown: see read_title()
  bool has_title = false;                                  ///< there was a <title>
};

/// Reads \p body. At most 2048 scripts and metas each, 64 icons, values of at most 16 KiB.
/// O(bytes).
Page read_page(std::string_view body);

/// The title as the field prints it (recon 5): of \p page, else what a careless regular expression
/// finds in \p raw (head and body); entities decoded, turned into UTF-8 by the charset that \p
/// content_type or the body names, line ends and tabs removed, trimmed. Empty for a content type
/// that has no title (neither HTML, XML, RSS nor Atom); no content type counts as HTML. At most
/// 4 KiB.
std::string read_title(const Page& page, std::string_view content_type, std::string_view body);

/// \p content_type without parameters, trimmed.
std::string_view media_type(std::string_view content_type);

}  // namespace m8::probe
