/// Archives of strangers: tar (gzip, bzip2, xz, zstd, lz4 or plain) and zip, unpacked with bounds
/// by libarchive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"

namespace m8 {

struct UnpackLimits {
  std::uint64_t bytes = 1ull << 30;        ///< of all files together
  std::uint64_t file_bytes = 64ull << 20;  ///< of one
  std::size_t files = 200'000;             ///< folders count too
};

struct Unpacked {
  std::size_t files = 0;
  std::uint64_t bytes = 0;
  std::size_t left_out = 0;  ///< links, devices, sockets: never made
};

/// Unpacks the archive \p path into the empty folder \p into. Files get mode 0644, folders 0755, no
/// owner and no time of the archive. kDenied for a path that is absolute or leads out ("..");
/// kExhausted above a limit or on a full disk; kInvalidArgument if it is no archive or broken;
/// kCancelled. After an error \p into holds a part.
Result<Unpacked> unpack_archive(const std::string& path, const std::string& into,
                                const UnpackLimits& limits, std::stop_token stop);

/// A file or folder for an archive.
struct Packed {
  std::string path;  ///< on this machine; a folder goes with all that is in it, links followed
  std::string name;  ///< in the archive, relative
};

/// A tar with zstd of \p what; the same bytes for the same names and contents, whenever and
/// wherever it is made. kExhausted above \p limits; errors of reading. Held in memory: O(bytes).
Result<std::string> pack_archive(const std::vector<Packed>& what, const UnpackLimits& limits);

}  // namespace m8
