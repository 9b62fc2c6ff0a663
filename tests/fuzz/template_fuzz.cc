// A template file of any bytes is read or refused, never a crash.
#include <cstdint>
#include <string_view>

#include "templates/document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)m8::templates::read_document(text, {"/t/x.yaml", "x.yaml"});
  return 0;
}
