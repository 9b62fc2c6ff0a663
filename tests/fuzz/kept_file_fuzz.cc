// cache/kept_file.h: a file of the cache, as anybody may have left it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cache/kept_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace m8::cache;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = KeptFile::parse(text);
  if (file.ok()) {
    const auto again = KeptFile::parse(file->to_text());
    if (!again.ok() || again->value != file->value || again->key != file->key) std::abort();
  }
  return 0;
}
