// Compression and archives (dsl.md 7.2).
#include <algorithm>

#include "dsl/deflate.h"
#include "dsl/function.h"
#include "dsl/number.h"
#include "dsl/zip.h"

namespace m8::dsl {
namespace {

Result<Value> packed(const Call& call, Wrapping wrapping) {
  const std::string_view data = M8_TRY(call.string(0));
  M8_TRY(check_size(data.size()));
  std::string out = compress(data, wrapping);
  return Value(std::move(out));
}

/// Reads at most the number of bytes in the second argument; one that is no number is ignored.
Result<Value> unpacked(const Call& call, Wrapping wrapping) {
  constexpr std::int64_t kDefaultLimit = 10'485'760;
  if (call.size() < 1 || call.size() > 2) return bad_signature();
  std::int64_t limit = kDefaultLimit;
  if (call.size() == 2) limit = call.integer(1).value_or(kDefaultLimit);
  limit = std::clamp<std::int64_t>(limit, 0, static_cast<std::int64_t>(kMaxResultBytes));
  std::string out = M8_TRY(decompress(Text(call[0]), wrapping, static_cast<std::size_t>(limit)));
  return Value(std::move(out));
}

Result<Value> gzip(const Call& call) { return packed(call, Wrapping::kGzip); }
Result<Value> zlib(const Call& call) { return packed(call, Wrapping::kZlib); }
Result<Value> deflate(const Call& call) { return packed(call, Wrapping::kRaw); }
Result<Value> gzip_decode(const Call& call) { return unpacked(call, Wrapping::kGzip); }
Result<Value> zlib_decode(const Call& call) { return unpacked(call, Wrapping::kZlib); }
Result<Value> inflate(const Call& call) { return unpacked(call, Wrapping::kRaw); }

Result<Value> gzip_mtime(const Call& call) {
  const Text source(call[0]);
  const std::string_view data = source;
  if (data.size() < 10 || !data.starts_with("\x1f\x8b"))
    return bad_argument("gzip: invalid header");
  double seconds = 0;
  for (std::size_t i = 8; i-- > 4;) seconds = seconds * 256 + static_cast<unsigned char>(data[i]);
  return Value(seconds);
}

Result<Value> zip(const Call& call) {
  if (call.size() == 0 || call.size() % 2 != 0) {
    return bad_argument("zip function requires pairs of file entry and content");
  }
  ZipWriter archive;
  for (std::size_t i = 0; i < call.size(); i += 2) {
    const auto name = call.string(i);
    const auto content = call.string(i + 1);
    if (!name.ok()) return bad_argument("file entry must be a string");
    if (!content.ok()) return bad_argument("content must be a string");
    M8_TRY(archive.add(*name, *content));
    M8_TRY(check_size(archive.size()));
  }
  return Value(Bytes{std::move(archive).finish()});
}

constexpr Function kFunctions[] = {
    {"gzip", 1, gzip},
    {"gzip_decode", -1, gzip_decode, "(data string, optionalReadLimit int) string"},
    {"gzip_mtime", 1, gzip_mtime},
    {"zlib", 1, zlib},
    {"zlib_decode", -1, zlib_decode, "(data string, optionalReadLimit int) string"},
    {"deflate", 1, deflate},
    {"inflate", -1, inflate, "(data string, optionalReadLimit int) string"},
    {"zip", -1, zip, "(file_entry string, content string, ...) []byte"},
};

}  // namespace

std::span<const Function> compress_functions() { return kFunctions; }

}  // namespace m8::dsl
