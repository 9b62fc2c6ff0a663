// What Burp says, of any bytes, is targets, findings or an error, never a crash.
#include <cstdint>
#include <string_view>

#include "issues/burp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)m8::issues::parse_site_map(text, {});
  (void)m8::issues::parse_burp_progress(text, {});
  return 0;
}
