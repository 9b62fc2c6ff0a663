#include "http/decode.h"

#include <doctest/doctest.h>
#include <zlib.h>
#include <zstd.h>

using namespace m8;
using namespace m8::http;

namespace {

/// \p window_bits: 31 gzip, 15 zlib, -15 raw.
std::string deflated(std::string_view text, int window_bits) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1));
  return out;
}

/// brotli -q 0 of "hello brotli hello brotli\n", as the brotli tool writes it: an uncompressed
/// block.
std::string brotli_of(std::string_view text) {
  // RFC 7932: WBITS 16 (0), ISLAST 0, MNIBBLES 4 (00), MLEN-1 (16 bits), ISUNCOMPRESSED 1, padding,
  // the bytes, and an empty last block (ISLAST 1, ISLASTEMPTY 1).
  const auto length = static_cast<unsigned>(text.size() - 1);
  const unsigned bits = length << 4 | 1u << 20;
  std::string out;
  for (int i = 0; i < 3; ++i) out += static_cast<char>(bits >> (8 * i) & 0xff);
  out += text;
  out += '\x03';
  return out;
}

Response answer(std::string encoding, std::string body) {
  Response response;
  response.content_length = static_cast<std::int64_t>(body.size());
  response.headers = {{"A", "b"},
                      {"Content-Encoding", std::move(encoding)},
                      {"Content-Length", std::to_string(body.size())}};
  response.body = std::move(body);
  return response;
}

}  // namespace

TEST_CASE("http/decode: each coding, and two gzip members") {
  const std::string text = "hello hello hello hello hello hello";
  struct Row {
    std::string coding, bytes, text;
  };
  const Row rows[] = {
      {"gzip", deflated(text, 31), text},
      {"gzip", deflated(text, 31) + deflated("more", 31), text + "more"},
      {"gzip", deflated(text, 31) + "trailing rubbish", text},
      {"gzip", deflated("", 31), ""},
      {"deflate", deflated(text, 15), text},
      {"deflate", deflated(text, -15), text},
      {"br", brotli_of(text), text},
      {"zstd", zstd(text), text},
  };
  for (const Row& row : rows) {
    CAPTURE(row.coding);
    const auto decoded = decode_content(row.coding, row.bytes, 1000);
    REQUIRE(decoded);
    CHECK(decoded->bytes == row.text);
    CHECK_FALSE(decoded->truncated);
  }
}

TEST_CASE("http/decode: what is broken or unknown is left alone") {
  std::string bad_sum = deflated("hello", 31);
  bad_sum[bad_sum.size() - 6] = static_cast<char>(bad_sum[bad_sum.size() - 6] ^ 1);
  struct Row {
    std::string coding, bytes;
  };
  for (const Row& row : {Row{"gzip", "not gzip at all"},
                         {"gzip", bad_sum},
                         {"gzip", "\x1f\x8b"},
                         {"deflate", "\xff\xff\xff\xff"},
                         {"br", "\xff\xff\xff\xff\xff"},
                         {"zstd", "plain text"},
                         {"gzip, br", deflated("x", 31)},
                         {"GZIP", deflated("x", 31)},
                         {"identity", "x"}}) {
    CAPTURE(row.coding);
    CHECK_FALSE(decode_content(row.coding, row.bytes, 1000));
  }
}

TEST_CASE("http/decode: input that ends early gives what there is") {
  std::string text;
  for (unsigned i = 0, x = 1; i < 200'000; ++i, x = x * 69069 + 1)
    text += static_cast<char>('a' + (x >> 28));
  for (const auto& row : {std::pair<std::string, std::string>{"gzip", deflated(text, 31)},
                          {"zstd", zstd(text)},
                          {"br", brotli_of("hello hello")}}) {
    CAPTURE(row.first);
    const auto& [coding, bytes] = row;
    const auto decoded =
        decode_content(coding, std::string_view(bytes).substr(0, bytes.size() - 5), 1'000'000);
    REQUIRE(decoded);
    CHECK(decoded->truncated);
    CHECK(decoded->bytes.size() > 2);
  }
}

TEST_CASE("http/decode: a bomb costs no more than the cap") {
  const std::string zeros(50u << 20, '\0');
  for (const auto& row : {std::pair<std::string, std::string>{"gzip", deflated(zeros, 31)},
                          {"deflate", deflated(zeros, -15)},
                          {"zstd", zstd(zeros)}}) {
    CAPTURE(row.first);
    const auto& [coding, bytes] = row;
    const auto decoded = decode_content(coding, bytes, 100'000);
    REQUIRE(decoded);
    CHECK(decoded->bytes.size() == 100'000);
    CHECK(decoded->truncated);
  }
}

TEST_CASE("http/decode: charsets named by the content type") {
  struct Row {
    std::string type, bytes, text;
  };
  const Row rows[] = {
      {"text/html; charset=GBK", "\xc4\xe3\xba\xc3", "你好"},
      {"text/html; charset=gb2312", "a\xc4\xe3", "a你"},
      {"text/html; charset=windows-1251", "\xcf\xf0\xe8", "При"},
      {"text/html; charset=CP-1251", "\xcf", "П"},
      {"text/html; charset=gbk",
       "a\xff\xff"
       "b\xc4",
       "a\xef\xbf\xbd\xef\xbf\xbd"
       "b\xef\xbf\xbd"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.type);
    const auto text = decode_charset(row.type, row.bytes, 1000);
    REQUIRE(text);
    CHECK(*text == row.text);
  }
  CHECK_FALSE(decode_charset("text/html; charset=utf-8", "x", 10));
  CHECK(decode_charset("gbk", std::string(100'000, 'x'), 5000)->size() == 5000);
}

TEST_CASE("http/decode: headers stay unless the engine itself asked for gzip") {
  Request request;
  Response authored = answer("gzip", deflated("hello", 31));
  const auto length = authored.content_length;
  decode_response(request, authored);
  CHECK(authored.body == "hello");
  CHECK(authored.decompressed);
  CHECK(authored.headers.size() == 3);
  CHECK(authored.content_length == length);

  request.transparent_gzip = true;
  Response automatic = answer("GZIP", deflated("hello", 31));
  decode_response(request, automatic);
  CHECK(automatic.body == "hello");
  CHECK(automatic.headers.size() == 1);
  CHECK(automatic.content_length == -1);

  Response broken = answer("gzip", "oops");
  decode_response(request, broken);
  CHECK(broken.body == "oops");
  CHECK_FALSE(broken.decompressed);

  request.decompress = false;
  Response raw = answer("gzip", deflated("hello", 31));
  decode_response(request, raw);
  CHECK(raw.body == deflated("hello", 31));
}
