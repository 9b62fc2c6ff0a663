#include "dsl/deflate.h"

#include <algorithm>
#include <memory>

#include <zlib.h>

namespace m8::dsl {
namespace {

constexpr int kRawBits = -15;

Bytef* in_bytes(std::string_view data) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));  // zlib reads only
}

/// A z_stream that is ended by \p End.
template <int (*End)(z_streamp)>
struct Stream {
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { End(&z); }
  z_stream z{};
};

Error broken(const char* what, const z_stream& z) {
  return {ErrorCode::kInvalidArgument,
          std::string(what) + ": " + (z.msg != nullptr ? z.msg : "unexpected end of data")};
}

/// One call of deflate() with all of its output.
bool flush(z_stream& z, int mode, std::string& out) {
  do {
    char buffer[16384];
    z.next_out = reinterpret_cast<Bytef*>(buffer);
    z.avail_out = sizeof(buffer);
    const int state = ::deflate(&z, mode);
    if (state != Z_OK && state != Z_BUF_ERROR) return false;
    out.append(buffer, sizeof(buffer) - z.avail_out);
  } while (z.avail_out == 0);
  return true;
}

Result<std::string> raw_deflate(std::string_view data) {
  Stream<deflateEnd> stream;
  z_stream& z = stream.z;
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRawBits, 9, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return broken("deflate", z);
  }
  z.next_in = in_bytes(data);
  z.avail_in = static_cast<uInt>(data.size());
  std::string out;
  if (!flush(z, Z_BLOCK, out)) return broken("deflate", z);
  unsigned pending = 0;
  int bits = 0;
  deflatePending(&z, &pending, &bits);
  // The empty stored block of a flush begins right after these bits; its first bit says "last".
  const std::size_t last_block = out.size() + static_cast<std::size_t>(bits) / 8;
  if (!flush(z, Z_SYNC_FLUSH, out)) return broken("deflate", z);
  if (last_block >= out.size()) return broken("deflate", z);
  out[last_block] = static_cast<char>(out[last_block] | 1 << (bits % 8));
  return out;
}

void append_number(std::string& out, std::uint32_t value, bool big) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (big ? 24 - 8 * i : 8 * i) & 255);
}

}  // namespace

std::uint32_t crc32_of(std::string_view data) {
  return static_cast<std::uint32_t>(::crc32(0, in_bytes(data), static_cast<uInt>(data.size())));
}

Result<std::string> compress(std::string_view data, Wrapping wrapping) {
  std::string body = M8_TRY(raw_deflate(data));
  if (wrapping == Wrapping::kRaw) return body;
  if (wrapping == Wrapping::kZlib) {
    std::string out = "\x78\x9c" + body;
    const auto sum = ::adler32(1, in_bytes(data), static_cast<uInt>(data.size()));
    append_number(out, static_cast<std::uint32_t>(sum), true);
    return out;
  }
  std::string out("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10);
  out += body;
  append_number(out, crc32_of(data), false);
  append_number(out, static_cast<std::uint32_t>(data.size()), false);
  return out;
}

Result<std::string> decompress(std::string_view data, Wrapping wrapping, std::size_t limit) {
  constexpr int kGzipBits = 15 + 16;
  const int bits = wrapping == Wrapping::kRaw    ? kRawBits
                   : wrapping == Wrapping::kZlib ? 15
                                                 : kGzipBits;
  Stream<inflateEnd> stream;
  z_stream& z = stream.z;
  if (inflateInit2(&z, bits) != Z_OK) return broken("inflate", z);
  z.next_in = in_bytes(data);
  z.avail_in = static_cast<uInt>(data.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK && out.size() < limit) {
    char buffer[16384];
    z.next_out = reinterpret_cast<Bytef*>(buffer);
    z.avail_out = sizeof(buffer);
    state = ::inflate(&z, Z_NO_FLUSH);
    out.append(buffer, sizeof(buffer) - z.avail_out);
  }
  if (out.size() < limit && state != Z_STREAM_END) return broken("inflate", z);
  out.resize(std::min(out.size(), limit));
  return out;
}

}  // namespace m8::dsl
