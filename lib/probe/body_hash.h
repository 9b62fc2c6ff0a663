/// The hashes of a body or a head that the field reports, by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace m8::probe {

/// "md5", "mmh3", "sha1", "sha256", "sha512", "simhash".
const std::vector<std::string>& hash_names();

/// The hash \p name of \p bytes: digests in lower-case hex, mmh3 and simhash in decimal.
/// kInvalidArgument for an unknown name.
Result<std::string> hash_text(std::string_view name, std::string_view bytes);

/// MurmurHash3 (x86, 32 bits, seed 0) of the MIME base64 of \p bytes, a line end after each 76
/// characters and at the end, as a signed number: what favicon searches go by. The field's tools
/// hash bodies with one more line end where the last line is full: hash_text() does so too.
std::int32_t mime_murmur3(std::string_view bytes);

}  // namespace m8::probe
