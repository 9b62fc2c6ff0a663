/// KeptFile: the text of one file of cache::Files.
///
/// "m8 kept 1 EXPIRES KEY-BYTES TAGS VALUE-BYTES HASH\n", the key, each tag and "\n", the value.
/// EXPIRES is Unix time in ms, 0: never; HASH is of all that follows the first line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace m8::cache {

struct KeptFile {
  std::int64_t expires_ms = 0;
  std::string key;
  std::vector<std::string> tags;  ///< without "\n"
  std::string value;

  std::string to_text() const;
  /// kCorrupt.
  static Result<KeptFile> parse(std::string_view text);
};

}  // namespace m8::cache
