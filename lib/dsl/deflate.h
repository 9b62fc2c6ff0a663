/// Compression for helpers: deflate, zlib and gzip in the shape that Go's writers give them
/// (dsl.md 7.2), and bounded decompression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::dsl {

enum class Wrapping { kRaw, kZlib, kGzip };

/// RFC 1951, 1950 or 1952. Byte for byte what Go's writers give for one Write and Close at the
/// default level: an empty stored block ends the stream. \p data must be shorter than 2 GiB.
std::string compress(std::string_view data, Wrapping wrapping);

/// At most \p limit bytes; what is beyond is cut off silently. kInvalidArgument if the stream is
/// broken before that.
Result<std::string> decompress(std::string_view data, Wrapping wrapping, std::size_t limit);

std::uint32_t crc32_of(std::string_view data);

}  // namespace m8::dsl
