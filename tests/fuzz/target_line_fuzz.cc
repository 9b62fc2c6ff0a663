// A line of targets of any bytes is a target or an error, never a crash.
#include <cstdint>
#include <string_view>

#include "model/target_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)m8::model::parse_target_line({reinterpret_cast<const char*>(data), size});
  return 0;
}
