// net/name.h: arbitrary bytes either give a canonical name or an error.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/name.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace m8::net;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)split_suffix(text);
  const auto name = Name::parse(text);
  if (!name) return 0;
  const auto again = Name::parse(name->text());
  if (!again || *again != *name || name->text().size() > 253) std::abort();
  if (!name->is_inside(*again)) std::abort();
  return 0;
}
