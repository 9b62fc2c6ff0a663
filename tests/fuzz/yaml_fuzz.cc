// Fuzz target: yaml::parse.
#include <cstdint>
#include <string_view>

#include "base/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = m8::yaml::parse({reinterpret_cast<const char*>(data), size});
  (void)value.ok();
  return 0;
}
