/// Update: puts a collection of templates in the place of the templates folder, all or nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/archive.h"
#include "base/result.h"

namespace m8::templates {

struct UpdateOptions {
  /// A folder, an archive (tar, plain or compressed, or zip), or an http(s) URL of one.
  std::string source;
  std::string destination;  ///< the templates folder, absolute
  /// Hex; empty: the first word of SOURCE.sha256 beside an archive is used, if that is there.
  std::string sha256;
  /// Allows a URL without any checksum.
  bool unchecked = false;
  UnpackLimits limits;
};

struct Updated {
  std::size_t files = 0;
  std::uint64_t bytes = 0;
  std::size_t left_out = 0;   ///< links and devices
  std::size_t templates = 0;  ///< files that are found as templates
  std::string sha256;         ///< of the archive; empty for a folder
  bool verified = false;      ///< against a checksum
  std::string previous;       ///< where the former folder is now; empty if there was none
};

/// Gets the body of a URL; kNotFound if the server has none (404).
using Fetch = std::function<Result<std::string>(const std::string& url, std::stop_token stop)>;

/// Unpacks or copies beside the destination, then exchanges the two in one step (renameat2). The
/// former folder stays as DESTINATION.old until the next update. A collection that lies in the
/// single folder at the top of its archive is taken out of that. kInvalidArgument: no archive, no
/// template in it, a checksum that does not fit, or none for a URL; kDenied: a path that leads out,
/// or a destination that is not empty and no templates folder; kExists: another update is running;
/// errors of unpack_archive() and \p fetch. Nothing has changed then.
Result<Updated> update_templates(const UpdateOptions& options, const Fetch& fetch,
                                 std::stop_token stop);

}  // namespace m8::templates
