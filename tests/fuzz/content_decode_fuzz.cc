// decode_content and decode_charset on any bytes: within the cap. The first byte chooses the
// coding.
#include <cstdint>
#include <cstdlib>

#include "http/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kCap = 1u << 16;
  constexpr const char* kCodings[] = {"gzip", "deflate", "br", "zstd"};
  constexpr const char* kCharsets[] = {"text/html; charset=gbk", "text/html; charset=cp1251"};
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto decoded = m8::http::decode_content(kCodings[data[0] & 3], bytes, kCap);
  if (decoded && decoded->bytes.size() > kCap) std::abort();
  const auto text = m8::http::decode_charset(kCharsets[data[0] >> 2 & 1], bytes, kCap);
  if (!text || text->size() > kCap) std::abort();
  return 0;
}
