// dns/shared_answers.h: what anybody may have left in a Redis.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dns/shared_answers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace m8::dns;
  const auto answer =
      SharedAnswer::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (answer && !SharedAnswer::parse(answer->to_text())) std::abort();
  return 0;
}
