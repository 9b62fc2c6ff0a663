#include "dsl/deflate.h"

#include <algorithm>
#include <optional>

#include <zlib.h>

#include "dsl/deflate_blocks.h"
#include "dsl/match_finder.h"

namespace m8::dsl {
namespace {

constexpr int kRawBits = -15;

Bytef* in_bytes(std::string_view data) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));  // zlib reads only
}

struct InflateStream {
  InflateStream() = default;
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;
  ~InflateStream() { inflateEnd(&z); }
  z_stream z{};
};

Error broken(const char* what, const z_stream& z) {
  return {ErrorCode::kInvalidArgument,
          std::string(what) + ": " + (z.msg != nullptr ? z.msg : "unexpected end of data")};
}

std::string raw_deflate(std::string_view data) {
  BitWriter out;
  MatchFinder finder(data);
  std::size_t begin = 0;
  finder.run([&](const std::vector<DeflateToken>& tokens, std::size_t end) {
    std::optional<std::string_view> source;
    if (finder.buffer_start(end - 1) <= begin) source = data.substr(begin, end - begin);
    put_block(out, tokens, source);
    begin = end;
  });
  put_empty_block(out, true);
  return out.take();
}

void append_number(std::string& out, std::uint32_t value, bool big) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (big ? 24 - 8 * i : 8 * i) & 255);
}

}  // namespace

std::uint32_t crc32_of(std::string_view data) {
  return static_cast<std::uint32_t>(::crc32(0, in_bytes(data), static_cast<uInt>(data.size())));
}

std::string compress(std::string_view data, Wrapping wrapping) {
  std::string body = raw_deflate(data);
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
  InflateStream stream;
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
