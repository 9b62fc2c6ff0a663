// Fuzz target: json::parse.
#include <cstdint>
#include <string_view>

#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = m8::json::parse({reinterpret_cast<const char*>(data), size});
  (void)value.ok();
  return 0;
}
