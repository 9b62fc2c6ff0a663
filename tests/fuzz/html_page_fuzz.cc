// Any body has a title and tags or none, never a crash.
#include <cstdint>
#include <string_view>

#include "probe/page.h"
#include "probe/simhash.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto page = m8::probe::read_page(body);
  (void)m8::probe::read_title(page, "text/html", body);
  (void)m8::probe::simhash(body);
  return 0;
}
