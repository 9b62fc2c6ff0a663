#include "serve/compress.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <brotli/encode.h>
#include <zlib.h>

#include "base/file.h"

namespace m8::serve {
namespace {

constexpr std::size_t kWorthIt = 1'000;  // bytes: below, head and body fit into one packet
constexpr int kGzipLevel = 4, kBrotliQuality = 4, kBrotliWindow = 18;

/// The weight of ";q=0.5"; 1 without one, 0 if it can't be read.
double weight_of(std::string_view parameters) {
  const auto q = parameters.find("q=");
  if (q == parameters.npos) return 1;
  const std::string_view text = trim(parameters.substr(q + 2));
  double weight = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), weight);
  return read.ec == std::errc() ? std::clamp(weight, 0.0, 1.0) : 0;
}

std::optional<std::string> gzip(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, kGzipLevel, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return std::nullopt;
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (!whole) return std::nullopt;
  return out;
}

std::optional<std::string> brotli(std::string_view text) {
  std::size_t size = BrotliEncoderMaxCompressedSize(text.size());
  std::string out(size, '\0');
  const auto done =
      BrotliEncoderCompress(kBrotliQuality, kBrotliWindow, BROTLI_MODE_TEXT, text.size(),
                            reinterpret_cast<const std::uint8_t*>(text.data()), &size,
                            reinterpret_cast<std::uint8_t*>(out.data()));
  if (done == BROTLI_FALSE) return std::nullopt;
  out.resize(size);
  return out;
}

}  // namespace

Coding accepted_coding(std::string_view accept_encoding) {
  double best_gzip = -1, best_brotli = -1, any = -1;
  while (!accept_encoding.empty()) {
    const std::string_view item = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(item.size() + 1, accept_encoding.size()));
    const auto end = std::min(item.find(';'), item.size());
    const std::string_view name = trim(item.substr(0, end));
    const double weight = weight_of(item.substr(end));
    if (name == "br") best_brotli = weight;
    if (name == "gzip" || name == "x-gzip") best_gzip = weight;
    if (name == "*") any = weight;
  }
  if (best_brotli < 0) best_brotli = any;
  if (best_gzip < 0) best_gzip = any;
  if (best_brotli > 0 && best_brotli >= best_gzip) return Coding::kBrotli;
  return best_gzip > 0 ? Coding::kGzip : Coding::kNone;
}

void compress(Response& response, Coding coding) {
  if (response.stream || response.body.size() < kWorthIt) return;
  for (const auto& [name, value] : response.headers)
    if (name == "Content-Encoding") return;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (coding == Coding::kNone) return;
  auto coded = coding == Coding::kGzip ? gzip(response.body) : brotli(response.body);
  if (!coded || coded->size() >= response.body.size()) return;
  response.body = *std::move(coded);
  response.headers.emplace_back("Content-Encoding", coding == Coding::kGzip ? "gzip" : "br");
}

}  // namespace m8::serve
