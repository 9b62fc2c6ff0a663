#include "http/decode.h"

#include <algorithm>
#include <array>
#include <memory>

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include "http/text.h"

namespace m8::http {
namespace {

constexpr std::size_t kBlock = 64u << 10;
/// zstd may ask for a window of gigabytes; browsers stop here too (RFC 8878 3.1.1.1.2).
constexpr int kMaxZstdWindowLog = 23;

/// Collects output up to a cap.
class Output {
 public:
  explicit Output(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  char* block() { return block_.data(); }
  /// Takes \p size bytes of block(). False once the cap is reached.
  bool take(std::size_t size) {
    const std::size_t room = max_bytes_ - decoded_.bytes.size();
    decoded_.bytes.append(block_.data(), std::min(size, room));
    decoded_.truncated = size > room;
    return !decoded_.truncated;
  }
  std::optional<Decoded> finish() { return std::move(decoded_); }
  /// The input ended early: what there is, if anything.
  std::optional<Decoded> finish_early() {
    if (decoded_.bytes.empty()) return std::nullopt;
    decoded_.truncated = true;
    return std::move(decoded_);
  }

 private:
  const std::size_t max_bytes_;
  Decoded decoded_;
  std::array<char, kBlock> block_;
};

struct InflateEnd {
  void operator()(z_stream* stream) const {
    inflateEnd(stream);
    delete stream;
  }
};
using Inflater = std::unique_ptr<z_stream, InflateEnd>;

Inflater make_inflater(std::string_view bytes, int window_bits) {
  auto stream = std::make_unique<z_stream>();
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream->avail_in = static_cast<uInt>(bytes.size());
  if (inflateInit2(stream.get(), window_bits) != Z_OK) return nullptr;
  return Inflater(stream.release());
}

/// True if another gzip member follows; anything else after the end is ignored.
bool next_member(z_stream& stream, bool gzip) {
  const bool more = gzip && stream.avail_in > 2 && stream.next_in[0] == 0x1f &&
                    stream.next_in[1] == 0x8b && inflateReset(&stream) == Z_OK;
  return more;
}

std::optional<Decoded> inflate_all(std::string_view bytes, int window_bits, std::size_t max_bytes) {
  const bool gzip = window_bits > MAX_WBITS;
  const Inflater stream = make_inflater(bytes, window_bits);
  if (!stream || bytes.size() > UINT32_MAX) return std::nullopt;
  Output output(max_bytes);
  for (;;) {
    stream->next_out = reinterpret_cast<Bytef*>(output.block());
    stream->avail_out = kBlock;
    const int result = inflate(stream.get(), Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return std::nullopt;
    const std::size_t made = kBlock - stream->avail_out;
    if (!output.take(made)) return output.finish();
    if (result == Z_STREAM_END && !next_member(*stream, gzip)) return output.finish();
    if (result != Z_STREAM_END && made == 0 && stream->avail_in == 0) return output.finish_early();
    if (result == Z_BUF_ERROR && made == 0) return std::nullopt;
  }
}

std::optional<Decoded> decode_deflate(std::string_view bytes, std::size_t max_bytes) {
  auto decoded = inflate_all(bytes, MAX_WBITS, max_bytes);
  return decoded ? std::move(decoded) : inflate_all(bytes, -MAX_WBITS, max_bytes);
}

std::optional<Decoded> decode_brotli(std::string_view bytes, std::size_t max_bytes) {
  const std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  if (!state) return std::nullopt;
  Output output(max_bytes);
  std::size_t in_left = bytes.size();
  auto in = reinterpret_cast<const std::uint8_t*>(bytes.data());
  for (;;) {
    std::size_t out_left = kBlock;
    auto out = reinterpret_cast<std::uint8_t*>(output.block());
    const auto result =
        BrotliDecoderDecompressStream(state.get(), &in_left, &in, &out_left, &out, nullptr);
    if (result == BROTLI_DECODER_RESULT_ERROR) return std::nullopt;
    if (!output.take(kBlock - out_left)) return output.finish();
    if (result == BROTLI_DECODER_RESULT_SUCCESS) return output.finish();
    if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) return output.finish_early();
  }
}

std::optional<Decoded> decode_zstd(std::string_view bytes, std::size_t max_bytes) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                        ZSTD_freeDCtx);
  if (!context) return std::nullopt;
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxZstdWindowLog);
  Output output(max_bytes);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  for (;;) {
    ZSTD_outBuffer out{output.block(), kBlock, 0};
    const std::size_t hint = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(hint)) return std::nullopt;
    if (!output.take(out.pos)) return output.finish();
    if (in.pos == in.size && out.pos < kBlock) {
      return hint == 0 ? output.finish() : output.finish_early();
    }
  }
}

void drop_coding_headers(Response& response) {
  std::erase_if(response.headers, [](const Header& header) {
    return same_text(header.name, "content-encoding") || same_text(header.name, "content-length");
  });
  response.content_length = -1;
}

void decode_body(const Request& request, Response& response) {
  const Header* encoding = find_header(response.headers, "content-encoding");
  if (encoding == nullptr || response.body.empty()) return;
  const bool transparent = request.transparent_gzip && same_text(encoding->value, "gzip");
  const std::string name = transparent ? "gzip" : encoding->value;
  auto decoded = decode_content(name, response.body, request.max_body);
  if (transparent) drop_coding_headers(response);
  if (!decoded) return;
  response.body = std::move(decoded->bytes);
  response.body_truncated |= decoded->truncated;
  response.decompressed = true;
}

}  // namespace

std::optional<Decoded> decode_content(std::string_view encoding, std::string_view bytes,
                                      std::size_t max_bytes) {
  if (encoding == "gzip") return inflate_all(bytes, MAX_WBITS + 16, max_bytes);
  if (encoding == "deflate") return decode_deflate(bytes, max_bytes);
  if (encoding == "br") return decode_brotli(bytes, max_bytes);
  if (encoding == "zstd") return decode_zstd(bytes, max_bytes);
  return std::nullopt;
}

void decode_response(const Request& request, Response& response) {
  if (response.body.empty()) return;
  if (request.decompress) decode_body(request, response);
  if (response.body.size() > request.max_body) {
    response.body.resize(request.max_body);
    response.body_truncated = true;
  }
  const Header* type = find_header(response.headers, "content-type");
  if (type == nullptr) return;
  auto text = decode_charset(type->value, response.body, request.max_body);
  if (text) response.body = std::move(*text);
}

}  // namespace m8::http
