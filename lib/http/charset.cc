// decode_charset(): the two families of charsets that the reference engine turns into UTF-8.
#include <cerrno>

#include <iconv.h>

#include "http/decode.h"
#include "http/text.h"

namespace m8::http {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// The iconv name of the charset, or null.
const char* charset_of(std::string_view content_type) {
  const std::string type = lower_text(content_type);
  for (const char* name : {"gbk", "gb2312", "gb18030"}) {
    if (type.find(name) != std::string::npos) return "GBK";
  }
  for (const char* name : {"windows-1251", "cp1251", "cp-1251"}) {
    if (type.find(name) != std::string::npos) return "CP1251";
  }
  return nullptr;
}

/// Owns a conversion descriptor.
class Converter {
 public:
  explicit Converter(const char* from) : handle_(iconv_open("UTF-8", from)) {}
  ~Converter() {
    if (valid()) iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  bool valid() const { return handle_ != reinterpret_cast<iconv_t>(-1); }
  /// Converts up to the end, a full \p out, or an invalid sequence (errno EILSEQ, EINVAL).
  bool run(char** in, std::size_t* in_left, char** out, std::size_t* out_left) {
    return iconv(handle_, in, in_left, out, out_left) != static_cast<std::size_t>(-1);
  }

 private:
  iconv_t handle_;
};

}  // namespace

std::optional<std::string> decode_charset(std::string_view content_type, std::string_view bytes,
                                          std::size_t max_bytes) {
  const char* charset = charset_of(content_type);
  if (charset == nullptr) return std::nullopt;
  Converter converter(charset);
  if (!converter.valid()) return std::nullopt;
  std::string text;
  char* in = const_cast<char*>(bytes.data());
  std::size_t in_left = bytes.size();
  char block[4096];
  while (in_left > 0 && text.size() < max_bytes) {
    char* out = block;
    std::size_t out_left = sizeof block;
    const bool whole = converter.run(&in, &in_left, &out, &out_left);
    const int reason = errno;
    text.append(block, sizeof block - out_left);
    if (whole || reason == E2BIG) continue;
    text += kReplacement;
    ++in;
    --in_left;
  }
  if (text.size() > max_bytes) text.resize(max_bytes);
  return text;
}

}  // namespace m8::http
