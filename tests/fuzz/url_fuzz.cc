// net/url.h: parsing, printing and resolving arbitrary bytes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace m8::net;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)percent_decode(text);
  (void)HostPort::parse(text);
  static const Url base = *Url::parse("http://a.example/b/c?d");
  if (const auto resolved = base.resolve(text)) (void)resolved->to_string();
  const auto url = Url::parse(text);
  if (!url) return 0;
  // What was printed reads back as the same.
  const auto again = Url::parse(url->to_string());
  if (!again || again->to_string() != url->to_string()) std::abort();
  if (again->request_target() != url->request_target()) std::abort();
  return 0;
}
